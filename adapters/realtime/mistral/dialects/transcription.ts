// The dialect of Mistral's transcription, /v1/audio/transcriptions/realtime: JSON with base64 sound. Events: read in the SDKs (JavaScript 2.7, Python
// 3.7), those of turns in that for Python alone; what the client sends: measured.

import { eventType } from '../../../../codecs/json/event-type.ts';
import { type JsonObject, objectAt, readObject, textAt } from '../../../../codecs/json/object.ts';
import { type Direction, jsonFrame } from '../../../../codecs/websocket/frame.ts';
import type { Dialect } from '../../contract/dialect.ts';
import { type Observation, withTranscript } from '../../contract/observation.ts';
import { eventPaths } from '../../guards/event-paths.ts';
import { guardModels, type ModelRules } from '../../guards/model-guard.ts';
import { renamedBy } from '../../guards/renamed-model.ts';
import { soundEvent } from '../../guards/sound-event.ts';
import { pcmSampleBytes, soundByType } from '../../sound.ts';
import { mistralError } from '../error-event.ts';
import { reportedUsage } from '../usage.ts';

/** No event that SDKs know changes the model; one that would is held to the list of the key. */
const rules: ModelRules = {
  isAudio: soundEvent('input_audio.append'),
  places: eventPaths([['model'], ['session', 'model']]),
};

/** The vocabulary of `/v1/audio/transcriptions/realtime`. */
export const mistralTranscriptionDialect: Dialect = {
  name: 'mistral-transcription',
  capabilities: {
    audio: 'base64',
    speech: 'heard',
    turnEnd: 'event',
    interruption: 'event',
    usage: 'per-turn',
    speaksFirst: 'provider',
  },
  mostTokens: { input: 256_000, output: 64_000 },
  modelsIn: (frame) => guardModels(frame, rules),
  renamed: renamedBy(rules),
  observe: ({ data }, direction) => observe(data, direction),
  errorEvent: mistralError,
  // A token stands for 80 ms of sound (third parties).
  sound: { upstream: { bytesPerSecond: 32_000, tokensPerSecond: 13 } },
  lastUsage: { ask: jsonFrame({ type: 'input_audio.end' }), comesWith: 'transcription.done' },
};

function observe(data: Buffer, direction: Direction): Observation | undefined {
  const type = eventType(data);
  if (type === undefined) return undefined;
  return direction === 'upstream' ? soundByType(type, data, 'input_audio.append') : observeServer(type, data);
}

/** Segments, and the whole at the end, tell words that came in pieces before. */
function observeServer(type: string, data: Buffer): Observation {
  switch (type) {
    case 'session.created':
    case 'session.updated':
      return observeSession(type, objectAt(readObject(data), 'session'));
    case 'transcription.text.delta':
      return withTranscript({ type }, () => {
        const text = textAt(readObject(data), 'text');
        return text ? [{ role: 'user', text, isPartial: true }] : undefined;
      });
    case 'turn.start':
      return { type, mark: 'speech-started' };
    case 'turn.end':
      return { type, mark: 'turn-done' };
    case 'transcription.done':
      return { type, mark: 'turn-done', usage: reportedUsage(readObject(data)) };
    default:
      return { type };
  }
}

function observeSession(type: string, session: JsonObject | undefined): Observation {
  const model = textAt(session, 'model');
  const { encoding, sample_rate: rate } = objectAt(session, 'audio_format') ?? {};
  const upstream = Number(rate) * pcmSampleBytes(encoding);
  return { type, ...(model && { model }), ...(Number.isFinite(upstream) && { soundBytesPerSecond: { upstream } }) };
}
