// The rule for credentials in messages: that of the account goes upstream, or none, and never that of the client.

import type { FirstFrameChange, FirstFrameForm } from '../../../adapters/realtime/contract/first-frame.ts';
import type { ClientRule } from './client-gate.ts';

/** `change.model` is for the first message alone. */
export function credentialRule(form: FirstFrameForm, { credential, model }: FirstFrameChange): ClientRule {
  let isFirst = true;
  return {
    verdictOn(frame) {
      const read = form.read(frame, isFirst);
      if ('code' in read) return { rejection: read };
      const wasFirst = isFirst;
      isFirst = false;
      if (!wasFirst && read.credential === undefined) return undefined;
      const instead = form.write(frame, { credential, model: wasFirst ? model : undefined });
      return { instead, isLast: form.in === 'first' };
    },
    goesOn: () => false,
  };
}
