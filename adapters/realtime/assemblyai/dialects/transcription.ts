// The dialect of AssemblyAI's transcription, /v3/ws: sound in binary messages, transcripts in JSON. The query has the model and all settings.
// Events: read in the SDKs (JavaScript 4.41, Python 1.8); that one end of a turn may come twice, and what is billed: documents.

import { eventType } from '../../../../codecs/json/event-type.ts';
import { type JsonObject, readObject, textAt } from '../../../../codecs/json/object.ts';
import { type Direction, type Frame, jsonFrame, type OutFrame } from '../../../../codecs/websocket/frame.ts';
import type { Dialect, Rejection } from '../../contract/dialect.ts';
import type { Observation, Usage } from '../../contract/observation.ts';
import { eventPaths } from '../../guards/event-paths.ts';
import { guardModels, type ModelRules } from '../../guards/model-guard.ts';
import { renamedBy } from '../../guards/renamed-model.ts';
import { isSound, soundOf } from '../../sound.ts';
import { soundUsage } from '../../usage-fault.ts';
import { streamingResumption } from '../resumption.ts';

/** No event that SDKs know changes a model; one that would is held to the list of the key. */
const rules: ModelRules = {
  isAudio: () => false,
  places: eventPaths([['speech_model'], ['llm_gateway', 'model']]),
};

/** The vocabulary of `/v3/ws`. */
export const assemblyaiStreamingDialect: Dialect = {
  name: 'assemblyai-streaming',
  capabilities: {
    audio: 'binary',
    speech: 'heard',
    turnEnd: 'event',
    interruption: 'event',
    usage: 'cumulative',
    speaksFirst: 'provider',
  },
  mostTokens: { input: 0, output: 0 },
  // Read in the SDK; the longest silence without it is not known.
  keepAlive: 'KeepAlive while there is no sound',
  modelsIn: (frame) => (isSound(frame) ? undefined : guardModels(frame, rules)),
  renamed: renamedBy(rules),
  observe,
  errorEvent,
  resumption: streamingResumption,
};

function observe({ data, binary }: Frame, direction: Direction): Observation | undefined {
  if (binary) return soundOf(direction);
  const type = eventType(data);
  if (type === undefined) return undefined;
  return direction === 'upstream' ? { type } : observeServer(type, data);
}

function observeServer(type: string, data: Buffer): Observation {
  switch (type) {
    case 'SpeechStarted':
      return { type, mark: 'speech-started' };
    case 'Turn':
      return turn(type, readObject(data));
    case 'Termination':
      return { type, usage: billedSeconds(readObject(data)) };
    default:
      return { type };
  }
}

/** With `format_turns` the end of a turn comes once more, with better words; nothing says whether it will. */
function turn(type: string, event: JsonObject | undefined): Observation {
  if (event?.end_of_turn !== true) return { type };
  const text = textAt(event, 'transcript');
  if (!text) return { type, mark: 'turn-done' };
  const said = { role: 'user', text, item: `turn-${event.turn_order}` } as const;
  if (event.turn_is_formatted === true) return { type, mark: 'turn-done', utterances: [said] };
  return {
    type,
    mark: 'turn-done',
    pendingTranscriptOf: said.item,
    utterances: [{ ...said, isProvisional: true }],
  };
}

/** The time that the socket was open, whatever was sent: that is what is billed (document). */
function billedSeconds(event: JsonObject | undefined): Usage | undefined {
  const usage = event && soundUsage(event, { seconds: event.session_duration_seconds });
  return usage && { cumulative: true, ...usage };
}

/** Codes by which SDKs know that it is no use to try again. */
const CODES: Readonly<Partial<Record<Rejection['code'], number>>> = {
  session_limit: 3008,
  budget_reached: 4002,
  key_revoked: 4001,
  model_not_allowed: 4001,
};
const INVALID_INPUT = 3006;

function errorEvent({ code, message }: Rejection): OutFrame {
  return jsonFrame({ type: 'Error', error_code: CODES[code] ?? INVALID_INPUT, error: message, error_type: code });
}
