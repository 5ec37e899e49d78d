// A transcript that is made with the first observation that tells of a turn: idle sessions, of which there may be thousands, have none.

import type { Observation } from '../../adapters/realtime/contract.ts';
import { startTranscript, type Transcript, type TranscriptOptions } from './transcript.ts';

export function transcriptOnDemand(options: TranscriptOptions): Transcript {
  let transcript: Transcript | undefined;
  return {
    observe(observation, at) {
      if (transcript === undefined && !tellsOfTurns(observation)) return;
      transcript ??= startTranscript(options);
      transcript.observe(observation, at);
    },
    finish: (at) => transcript?.finish(at),
  };
}

/** `utterances` is not read, which may take a parse. */
function tellsOfTurns(observation: Observation): boolean {
  const { mark, pendingTranscriptOf, isContinuous } = observation;
  return (
    mark !== undefined || pendingTranscriptOf !== undefined || isContinuous === true || 'utterances' in observation
  );
}
