// Goes on with a transcription of AssemblyAI at another socket: the query has the settings, and what the client has changed of them is told again.

import { eventType } from '../../../codecs/json/event-type.ts';
import { isObject, type JsonObject, textAt } from '../../../codecs/json/object.ts';
import { isFinalClose } from '../contract/resumption.ts';
import {
  ContinuedCount,
  laterTime,
  type Said,
  type Told,
  type TranscriptReader,
  transcriptionResumption,
} from '../resumption/transcription.ts';

const SAID: Readonly<Record<string, Said>> = {
  UpdateConfiguration: 'setting',
  ForceEndpoint: 'mark',
  Terminate: 'end',
};

/** The code of an error, and of the close behind it, at the end of the longest time of a session (document). */
const SESSION_EXPIRED = 3008;

/** Turns are counted, and end with their last word. */
export const streamingResumption = transcriptionResumption(({ soundIn }): TranscriptReader => {
  const turns = new ContinuedCount();
  let isOpen = false;
  const turn = (event: JsonObject): Told => {
    turns.of(event.turn_order);
    const words = Array.isArray(event.words) ? event.words.filter(isObject) : [];
    const isEnd = event.end_of_turn === true;
    isOpen = !isEnd && (words.length > 0 || Boolean(textAt(event, 'transcript')));
    const end = words.at(-1)?.end;
    return { isSpeech: isOpen, finalTo: isEnd && typeof end === 'number' ? end / 1000 : undefined };
  };
  return {
    bytesPerSecond: soundIn,
    hasFirst: true,
    times: { names: new Set(['start', 'end', 'timestamp']), perSecond: 1000 },
    said({ data, binary }) {
      if (binary) return { sound: data.length };
      const type = eventType(data) ?? '';
      return Object.hasOwn(SAID, type) ? SAID[type] : undefined;
    },
    told(event): Told {
      switch (event.type) {
        case 'Begin':
          return {
            isFirst: true,
            session: event.id,
            endsAt: typeof event.expires_at === 'number' ? event.expires_at * 1000 : undefined,
          };
        case 'Turn':
          return turn(event);
        case 'SpeechStarted':
          return { isSpeech: true, isStart: true };
        case 'Termination':
          return { isLast: true };
        case 'Error':
          return { error: event.error_code === SESSION_EXPIRED ? 'here' : 'everywhere' };
        default:
          return {};
      }
    },
    // The bill is that of all sockets.
    later(event, { seconds, openSeconds }) {
      if (event.type === 'Turn') return { ...event, turn_order: turns.of(event.turn_order) };
      if (event.type !== 'Termination') return event;
      const sum = (name: string, by: number) => laterTime(Number(event[name]) || 0, by);
      return {
        ...event,
        audio_duration_seconds: sum('audio_duration_seconds', seconds),
        session_duration_seconds: sum('session_duration_seconds', openSeconds),
      };
    },
    moved() {
      turns.moved(isOpen);
    },
    goesOnAfter: (code) => code === SESSION_EXPIRED || !isFinalClose(code),
  };
});
