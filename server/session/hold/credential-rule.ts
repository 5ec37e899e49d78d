// The rule for credentials in messages: that of the account goes upstream, or none, and never that of the client.

import type { FirstFrameForm } from '../../../adapters/realtime/contract/first-frame.ts';
import type { ClientRule } from './client-gate.ts';

export function credentialRule(form: FirstFrameForm, credential: string | undefined): ClientRule {
  let isFirst = true;
  return {
    verdictOn(frame) {
      const read = form.read(frame, isFirst);
      if ('code' in read) return { rejection: read };
      const wasFirst = isFirst;
      isFirst = false;
      if (!wasFirst && read.credential === undefined) return undefined;
      return { instead: form.write(frame, credential), isLast: form.in === 'first' };
    },
    goesOn: () => false,
  };
}
