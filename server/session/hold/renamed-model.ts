// Names the model as the provider knows it where a client's message has the name that its session was opened with: that of `models`, or one with an
// account before it. SDKs repeat it in the settings of the session.

import type { SessionSubject } from '../subject.ts';
import type { ClientRule } from './client-gate.ts';

/** Returns undefined where the provider knows the model by the name that the client has. */
export function renameRule({
  dialect,
  renamed: names,
}: Pick<SessionSubject, 'dialect' | 'renamed'>): ClientRule | undefined {
  if (names === undefined || names.from === names.to || dialect.renamed === undefined) return undefined;
  return {
    verdictOn(frame) {
      const named = dialect.modelsIn(frame);
      if (named === undefined || 'code' in named) return undefined;
      const instead = dialect.renamed?.(frame, names);
      return instead && { instead };
    },
    goesOn: () => true,
  };
}
