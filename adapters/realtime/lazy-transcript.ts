// Observations whose words cost a parse: they are read when a caller asks for them, while the frame is there.

import type { Observation, Utterance } from './contract.ts';

/** Adds the words to an observation. `read` is called whenever `utterances` is read, and never otherwise. */
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
