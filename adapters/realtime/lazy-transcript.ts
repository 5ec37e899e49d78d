// Words that cost a parse: read from the frame when somebody asks for them, while the frame is there.

import type { Observation, Said } from './contract.ts';

/** The observation with what was said. `read` is called whenever `said` is looked at, and never otherwise. */
export function saying(observation: Omit<Observation, 'said'>, read: () => readonly Said[] | undefined): Observation {
  return {
    ...observation,
    get said() {
      return read();
    },
  };
}
