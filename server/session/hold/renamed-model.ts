// Names the target's model where a client's message has the name of `models` that its session was opened with: SDKs repeat it in the settings of the
// session. Rule: all other bytes of the message stay.

import type { SessionSubject } from '../subject.ts';
import type { ClientRule } from './client-gate.ts';

/** Returns undefined where the provider knows the model by the name that the client has. */
export function renameRule({
  dialect,
  asked,
  model,
}: Pick<SessionSubject, 'dialect' | 'asked' | 'model'>): ClientRule | undefined {
  if (asked === undefined || model === undefined || asked === model) return undefined;
  // Quotes within a text have a backslash before them, so that no text of the message is taken for a field.
  const field = new RegExp(`("model"\\s*:\\s*)"${asked.replaceAll('.', '\\.')}"`, 'g');
  const name = Buffer.from(JSON.stringify(model)).toString('latin1');
  return {
    verdictOn(frame) {
      const named = dialect.modelsIn(frame);
      if (named === undefined || 'code' in named || !named.includes(asked)) return undefined;
      const renamed = frame.data.toString('latin1').replace(field, (_, key: string) => key + name);
      return { instead: { data: Buffer.from(renamed, 'latin1'), binary: frame.binary } };
    },
    goesOn: () => true,
  };
}
