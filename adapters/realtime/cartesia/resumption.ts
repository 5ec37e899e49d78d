// Goes on with a transcription of Cartesia that finds turns itself, at another socket: the query has the settings. No event tells which sound it was of.

import { eventType } from '../../../codecs/json/event-type.ts';
import {
  PAUSE_SECONDS,
  type Told,
  type TranscriptReader,
  transcriptionResumption,
} from '../resumption/transcription.ts';

export const turnsResumption = transcriptionResumption(
  ({ soundIn }): TranscriptReader => ({
    bytesPerSecond: soundIn,
    hasFirst: true,
    times: { names: new Set(), perSecond: 1 },
    said({ data, binary }) {
      if (binary) return { sound: data.length };
      return eventType(data) === 'close' ? 'end' : undefined;
    },
    told({ type, request_id: session }, { sent }): Told {
      switch (type) {
        case 'connected':
          return { isFirst: true, session };
        case 'turn.start':
          return { isSpeech: true, isStart: true };
        case 'turn.end':
          return { isSpeech: false, finalTo: Math.max(0, sent - PAUSE_SECONDS) };
        default:
          return type === 'error' ? { error: 'everywhere' } : {};
      }
    },
  }),
);
