// Goes on with a transcription of ElevenLabs (Scribe) at another socket: the query has the settings. A segment ends with a `commit` of the client, or where
// the provider hears a pause; which sound it was of, no event tells.

import { type JsonObject, readObject, textAt } from '../../../codecs/json/object.ts';
import type { Frame } from '../../../codecs/websocket/frame.ts';
import {
  PAUSE_SECONDS,
  type Said,
  type Told,
  type TranscriptReader,
  transcriptionResumption,
} from '../resumption/transcription.ts';

export const scribeResumption = transcriptionResumption(
  ({ soundIn }): TranscriptReader => ({
    bytesPerSecond: soundIn,
    hasFirst: true,
    times: { names: new Set(['start', 'end']), perSecond: 1 },
    said,
    told(event, { sent, mark = Math.max(0, sent - PAUSE_SECONDS) }): Told {
      switch (event.message_type) {
        case 'session_started':
          return { isFirst: true, session: event.session_id };
        case 'partial_transcript':
          return { isSpeech: Boolean(textAt(event, 'text')) };
        // The same with timestamps comes behind it.
        case 'committed_transcript':
          return { isSpeech: false, finalTo: mark };
        default:
          return event.message_type === 'session_time_limit_exceeded' ? { error: 'here' } : {};
      }
    },
  }),
);

function said({ data }: Frame): Said | undefined {
  const chunk: JsonObject | undefined = readObject(data);
  if (chunk?.message_type !== 'input_audio_chunk') return undefined;
  const sound = Buffer.byteLength(textAt(chunk, 'audio_base_64') ?? '', 'base64');
  return { sound, isMark: chunk.commit === true };
}
