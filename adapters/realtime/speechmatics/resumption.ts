// Goes on with a transcription of Speechmatics at another socket, which begins with the same configuration. Messages of sound are acknowledged by their
// number, and the end of the sound names that of the last one: each socket counts its own.

import { type JsonObject, objectAt, readObject, textAt } from '../../../codecs/json/object.ts';
import type { Frame } from '../../../codecs/websocket/frame.ts';
import { type Said, type Told, type TranscriptReader, transcriptionResumption } from '../resumption/transcription.ts';
import { soundRates } from './messages.ts';

export const speechmaticsResumption = transcriptionResumption((): TranscriptReader => {
  let bytesPerSecond: number | undefined;
  let [acknowledged, isLater] = [0, false];
  const saidIn = ({ data }: Frame): Said | undefined => {
    const event = readObject(data);
    switch (event?.message) {
      case 'StartRecognition':
        bytesPerSecond = soundRates(event, data)?.upstream;
        return 'opening';
      case 'SetRecognitionConfig':
        return 'setting';
      case 'EndOfStream':
        return 'end';
      default:
        return undefined;
    }
  };
  return {
    get bytesPerSecond() {
      return bytesPerSecond;
    },
    hasFirst: true,
    isAnswered: true,
    isSilenceTold: true,
    times: { names: new Set(['start_time', 'end_time']), perSecond: 1 },
    said: (frame) => (frame.binary ? { sound: frame.data.length } : saidIn(frame)),
    told(event): Told {
      switch (event.message) {
        case 'RecognitionStarted':
          return { isFirst: true, session: event.id };
        case 'AudioAdded':
          if (!isLater) acknowledged = Number(event.seq_no) || acknowledged;
          return {};
        case 'AddTranscript':
          return { finalTo: endOf(event) };
        case 'AddPartialTranscript':
          return { isSpeech: Boolean(textAt(event, 'metadata', 'transcript')) };
        case 'EndOfUtterance':
          return { isSpeech: false };
        case 'EndOfTranscript':
          return { isLast: true };
        default:
          return event.message === 'Error' ? { error: 'everywhere' } : {};
      }
    },
    later(event, { messages }) {
      if (event.message !== 'AudioAdded') return event;
      const number = messages + (Number(event.seq_no) || 0);
      if (number <= acknowledged) return undefined;
      acknowledged = number;
      return { ...event, seq_no: number };
    },
    ending: (event, messages) => ({ ...event, last_seq_no: messages }),
    moved() {
      isLater = true;
    },
  };
});

function endOf(event: JsonObject): number | undefined {
  const end = objectAt(event, 'metadata')?.end_time;
  return typeof end === 'number' ? end : undefined;
}
