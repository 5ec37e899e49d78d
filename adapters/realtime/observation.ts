// Makes observations whose words cost a parse. The parse is done only when a caller reads the words, while the frame is still there.

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
