// The dialect of ElevenLabs' speech, /v1/text-to-speech/{voice_id}/stream-input and multi-stream-input: messages without a type, text up and base64 sound
// down. The query has the model and the format. Messages: read in the SDK (JavaScript 2.73); the paths, and which message is the last: documents.

import { QUOTE } from '../../../../codecs/json/bytes.ts';
import { firstMember } from '../../../../codecs/json/event-type.ts';
import { readObject } from '../../../../codecs/json/object.ts';
import type { DecisiveBytes } from '../../../../codecs/websocket/alike-messages.ts';
import { type Frame, jsonFrame, type OutFrame } from '../../../../codecs/websocket/frame.ts';
import type { Dialect } from '../../contract/dialect.ts';
import type { Observation } from '../../contract/observation.ts';
import { eventPaths } from '../../guards/event-paths.ts';
import { guardModels, type ModelRules } from '../../guards/model-guard.ts';
import { renamedBy } from '../../guards/renamed-model.ts';
import { textsIn, wordsToSpeak } from '../../speech-text.ts';

/** No message that the SDK knows names a model; one that would is held to the list of the key. */
const rules: ModelRules = { isAudio: () => false, places: eventPaths([['model_id']]), textWords: ['text'] };

/** The vocabulary of both paths. */
export const elevenlabsSpeechDialect: Dialect = {
  name: 'elevenlabs-speech',
  capabilities: {
    audio: 'base64',
    speech: 'spoken',
    turnEnd: 'event',
    interruption: 'event',
    usage: 'never',
    speaksFirst: 'client',
  },
  mostTokens: { input: 0, output: 0 },
  modelsIn: (frame) => guardModels(frame, rules),
  renamed: renamedBy(rules),
  observe: (frame, direction) => (direction === 'upstream' ? observeClient(frame) : observeServer(frame)),
  errorEvent: ({ code, message }) => elevenlabsSpeechError(code, message),
};

/** The first message, of a blank, and the last one, of nothing, are no words; all characters that are sent count. */
function observeClient({ data }: Frame): Observation | undefined {
  const message = readObject(data);
  if (message === undefined) return undefined;
  const text = textsIn(message);
  const { utterances, counts } = wordsToSpeak(text);
  const isBlank = text.trim() === '';
  const asks = !isBlank || message.flush === true;
  return { type: 'text', counts, ...(asks && { mark: 'request' }), ...(!isBlank && { utterances }) };
}

function observeServer({ data }: Frame): Observation | undefined {
  if (soundAt(data) !== undefined) return { type: 'audio', mark: 'audio', decides };
  const message = readObject(data);
  if (message === undefined) return undefined;
  const isFinal = message.isFinal === true || message.is_final === true;
  return isFinal ? { type: 'final', mark: 'turn-done' } : { type: 'message' };
}

function decides(data: Buffer): DecisiveBytes | undefined {
  const first = soundAt(data);
  return first === undefined ? undefined : { first, last: 0 };
}

/** The index of the sound in its string, where that comes first. */
function soundAt(data: Buffer): number | undefined {
  const { key, valueAt = 0 } = firstMember(data) ?? {};
  return key === 'audio' && data[valueAt] === QUOTE ? valueAt + 1 : undefined;
}

/** Errors of this socket: third parties. */
export const elevenlabsSpeechError = (code: string, message: string): OutFrame =>
  jsonFrame({ error: code, message, code: 1008 });
