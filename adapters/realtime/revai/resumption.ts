// Goes on with a stream of Rev.ai at another socket: the query has the settings. A stream lasts three hours, and is to be gone on with at another one, to
// which the sound is sent that was not final (document).

import { isFinalClose } from '../contract/resumption.ts';
import { type Told, type TranscriptReader, transcriptionResumption } from '../resumption/transcription.ts';

/** Closes of a server that shuts down, and of one that has no room (document). */
const ELSEWHERE: ReadonlySet<number> = new Set([4010, 4013]);

export const revaiResumption = transcriptionResumption(
  ({ soundIn }): TranscriptReader => ({
    bytesPerSecond: soundIn,
    hasFirst: true,
    isAnswered: true,
    times: { names: new Set(['ts', 'end_ts']), perSecond: 1 },
    said: ({ data, binary }) => (binary ? { sound: data.length } : 'end'),
    told({ type, id, end_ts: end }): Told {
      if (type === 'connected') return { isFirst: true, session: id };
      if (type !== 'final') return { isSpeech: type === 'partial' };
      return { isSpeech: false, finalTo: typeof end === 'number' ? end : undefined };
    },
    goesOnAfter: (code) => ELSEWHERE.has(code) || !isFinalClose(code),
  }),
);
