// Texts of a client that are to be spoken, as the tap sees them.

import { readObject, textAt } from '../../codecs/json/object.ts';
import { type Observation, withTranscript } from './contract/observation.ts';

/**
 * The observation of a message whose text, in `field`, is to be spoken: words of the assistant, and characters (code points) where those are billed. The wait for
 * a reply is that since the text that came last.
 */
export function textToSpeak(
  type: string,
  data: Buffer,
  { field = 'text', ...more }: { readonly field?: string } & Pick<Observation, 'isContinuous' | 'model'> = {},
): Observation {
  const read = (): string => textAt(readObject(data), field) ?? '';
  return withTranscript(
    { type, mark: 'request', ...more },
    () => {
      const text = read();
      return text ? [{ role: 'assistant', text, isPartial: true }] : undefined;
    },
    () => {
      const characters = [...read()].length;
      return characters > 0 ? { characters } : undefined;
    },
  );
}
