// The dialect of ElevenLabs' transcription (Scribe), /v1/speech-to-text/realtime: JSON with base64 sound, in which `message_type` names a message. The
// query has the model and all settings. Messages: read in its types (0.23) and SDKs (JavaScript 2.73); what the client sends: measured (Python 2.78).

import { stringEnd } from '../../../../codecs/json/bytes.ts';
import { firstMember } from '../../../../codecs/json/event-type.ts';
import { readObject, textAt } from '../../../../codecs/json/object.ts';
import type { DecisiveBytes } from '../../../../codecs/websocket/alike-messages.ts';
import { type Frame, jsonFrame, type OutFrame } from '../../../../codecs/websocket/frame.ts';
import type { Dialect, Rejection } from '../../contract/dialect.ts';
import type { Observation } from '../../contract/observation.ts';
import { scribeResumption } from '../resumption.ts';

const CHUNK = Buffer.from('"input_audio_chunk"');

/** The vocabulary of `/v1/speech-to-text/realtime`. */
export const elevenlabsTranscriptionDialect: Dialect = {
  name: 'elevenlabs-transcription',
  capabilities: {
    audio: 'base64',
    speech: 'heard',
    turnEnd: 'event',
    interruption: 'event',
    usage: 'never',
    speaksFirst: 'provider',
  },
  mostTokens: { input: 0, output: 0 },
  modelsIn: () => undefined,
  observe: (frame, direction) => (direction === 'upstream' ? heard : observeServer(frame)),
  errorEvent,
  resumption: scribeResumption,
};

/** Every message of a client is a piece of sound, wherever its name stands; the last one of a segment is empty, and says so. */
const heard: Observation = { type: 'input_audio_chunk', decides };

function decides(data: Buffer): DecisiveBytes | undefined {
  const first = chunkEnd(data);
  return first === undefined ? undefined : { first, last: 0 };
}

/** The index behind the name of the message, where that comes first. */
function chunkEnd(data: Buffer): number | undefined {
  const { key, valueAt = 0 } = firstMember(data) ?? {};
  const end = key === 'message_type' ? stringEnd(data, valueAt) + 1 : 0;
  return end > 0 && data.subarray(valueAt, end).equals(CHUNK) ? end : undefined;
}

/** With timestamps a segment comes twice: the words count once. */
function observeServer({ data }: Frame): Observation | undefined {
  const message = readObject(data);
  const type = textAt(message, 'message_type');
  if (type === undefined) return undefined;
  const text = textAt(message, 'text');
  if (type === 'partial_transcript') return text ? { type, mark: 'speech-started' } : { type };
  if (type !== 'committed_transcript') return { type };
  return { type, mark: 'turn-done', ...(text && { utterances: [{ role: 'user', text }] }) };
}

/** Names of errors that say the same. */
const NAMES: Readonly<Partial<Record<Rejection['code'], string>>> = {
  session_limit: 'session_time_limit_exceeded',
  budget_reached: 'quota_exceeded',
  key_revoked: 'auth_error',
};

function errorEvent({ code, message }: Rejection): OutFrame {
  return jsonFrame({ message_type: NAMES[code] ?? 'error', error: message });
}
