// Goes on with transcriptions of Deepgram at another socket: the query has the settings, and times are told anew from 0 (document: clients are told to say
// the sound again that was not transcribed, and to add up the times).

import { eventType } from '../../../../codecs/json/event-type.ts';
import { isObject, type JsonObject, objectAt, textAt } from '../../../../codecs/json/object.ts';
import type { Frame } from '../../../../codecs/websocket/frame.ts';
import { isFinalClose } from '../../contract/resumption.ts';
import {
  ContinuedCount,
  laterTime,
  type Said,
  type Told,
  type TranscriptReader,
  transcriptionResumption,
} from '../../resumption/transcription.ts';

const SAID: Readonly<Record<string, Said>> = {
  Configure: 'setting',
  Finalize: 'mark',
  ForceEndTurn: 'mark',
  CloseStream: 'end',
};

/** An empty message ended the sound before there was `CloseStream` (document). */
function said({ data, binary }: Frame): Said | undefined {
  if (binary) return data.length === 0 ? 'end' : { sound: data.length };
  const type = eventType(data) ?? '';
  return Object.hasOwn(SAID, type) ? SAID[type] : undefined;
}

/** A client that says nothing for 10 s would lose another socket as well (document). */
const goesOnAfter = (code: number, reason: string): boolean => !reason.startsWith('NET-0001') && !isFinalClose(code);

/** Nova: what is final of a channel will not be told again, and the sound is heard when it is for all of them. */
export const novaResumption = transcriptionResumption(({ soundIn }): TranscriptReader => {
  let [finals, channels]: [number[], number] = [[], 1];
  const finalTo = ({ is_final, start, duration, channel_index }: JsonObject): number | undefined => {
    if (is_final !== true) return undefined;
    const [channel = 0, of = 1] = Array.isArray(channel_index) ? channel_index.map(Number) : [];
    channels = of;
    finals[channel] = Number(start) + Number(duration);
    const least = Math.min(...Array.from({ length: channels }, (_, each) => finals[each] ?? 0));
    return Number.isFinite(least) ? least : undefined;
  };
  return {
    // The handshake gives the rate of one of the channels that are transcribed apart.
    get bytesPerSecond() {
      return soundIn && soundIn * channels;
    },
    isSilenceTold: true,
    times: { names: new Set(['start', 'end', 'timestamp', 'last_word_end']), perSecond: 1 },
    said,
    goesOnAfter,
    told(event): Told {
      switch (event.type) {
        case 'Results':
          return {
            finalTo: finalTo(event),
            isSpeech: hasWords(event) && event.speech_final !== true,
            session: textAt(event, 'metadata', 'request_id'),
          };
        case 'SpeechStarted':
          return { isSpeech: true, isStart: true };
        case 'UtteranceEnd':
          return { isSpeech: false };
        case 'Metadata':
          return { isLast: true };
        default:
          return event.type === 'Error' ? { error: 'everywhere' } : {};
      }
    },
    later(event, { seconds }) {
      return event.type === 'Metadata'
        ? { ...event, duration: laterTime(Number(event.duration) || 0, seconds) }
        : event;
    },
    moved() {
      finals = [];
    },
  };
});

function hasWords(event: JsonObject): boolean {
  const alternatives: unknown = objectAt(event, 'channel')?.alternatives;
  const first: unknown = Array.isArray(alternatives) ? alternatives[0] : undefined;
  return isObject(first) && Boolean(textAt(first, 'transcript'));
}

/** Flux: a turn is told until it ends, and the next one counts from there. Messages are counted, too. */
export const fluxResumption = transcriptionResumption(({ soundIn }): TranscriptReader => {
  const turns = new ContinuedCount();
  let [isOpen, isLater, sequence] = [false, false, 0];
  return {
    bytesPerSecond: soundIn,
    hasFirst: true,
    times: { names: new Set(['start', 'end', 'audio_window_start', 'audio_window_end']), perSecond: 1 },
    said,
    goesOnAfter,
    told(event): Told {
      const { type, sequence_id: number } = event;
      if (!isLater && typeof number === 'number') sequence = number;
      if (type === 'Connected') return { isFirst: true, session: event.request_id };
      if (type === 'Error' || type === 'FatalError')
        return { error: event.code === 'INTERNAL_SERVER_ERROR' ? 'here' : 'everywhere' };
      if (type !== 'TurnInfo') return {};
      turns.of(event.turn_index);
      if (event.event === 'StartOfTurn') isOpen = true;
      if (event.event === 'EndOfTurn') isOpen = false;
      const finalTo = event.event === 'EndOfTurn' ? Number(event.audio_window_end) || undefined : undefined;
      return { finalTo, isSpeech: isOpen, isStart: event.event === 'StartOfTurn' };
    },
    later(event) {
      const counted = typeof event.sequence_id === 'number' ? { ...event, sequence_id: ++sequence } : event;
      return event.type === 'TurnInfo' ? { ...counted, turn_index: turns.of(event.turn_index) } : counted;
    },
    moved() {
      isLater = true;
      turns.moved(isOpen);
    },
  };
});
