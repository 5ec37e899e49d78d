// Words that cost a parse: read from the frame when somebody asks for them, while the frame is there.

import type { Observation, Utterance } from './contract.ts';

/** The observation with what was said. `read` is called whenever `utterances` is read, and never otherwise. */
export function withTranscript(
  observation: Omit<Observation, 'utterances'>,
  read: () => readonly Utterance[] | undefined,
): Observation {
  return {
    ...observation,
    get utterances() {
      return read();
    },
  };
}
