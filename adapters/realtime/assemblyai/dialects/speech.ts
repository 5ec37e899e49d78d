// The dialect of AssemblyAI's speech, /v1/ws of another host than the agent's: text and base64 sound in JSON. Events: read in the SDK (Python 1.8).

import { eventType, typeDecides } from '../../../../codecs/json/event-type.ts';
import { type JsonObject, readObject, textAt } from '../../../../codecs/json/object.ts';
import { type Direction, type Frame, jsonFrame, type OutFrame } from '../../../../codecs/websocket/frame.ts';
import type { Dialect, Rejection } from '../../contract/dialect.ts';
import type { Observation, Usage } from '../../contract/observation.ts';
import { eventPaths } from '../../guards/event-paths.ts';
import { guardModels, type ModelRules } from '../../guards/model-guard.ts';
import { renamedBy } from '../../guards/renamed-model.ts';
import { textToSpeak } from '../../speech-text.ts';
import { soundUsage } from '../../usage-fault.ts';

/** No event that the SDK knows changes a model; one that would is held to the list of the key. */
const rules: ModelRules = { isAudio: () => false, places: eventPaths([['model_id']]), textWords: ['text'] };

/** The vocabulary of the socket for speech. */
export const assemblyaiSpeechDialect: Dialect = {
  name: 'assemblyai-speech',
  capabilities: {
    audio: 'base64',
    speech: 'spoken',
    turnEnd: 'event',
    interruption: 'event',
    usage: 'cumulative',
    speaksFirst: 'provider',
  },
  mostTokens: { input: 0, output: 0 },
  modelsIn: (frame) => guardModels(frame, rules),
  renamed: renamedBy(rules),
  observe: ({ data }: Frame, direction: Direction): Observation | undefined => {
    const type = eventType(data);
    if (direction === 'upstream') return textToSpeak(type ?? 'message', data, { asks: type === 'Flush' });
    return type === undefined ? undefined : observeServer(type, data);
  },
  errorEvent,
};

function observeServer(type: string, data: Buffer): Observation {
  switch (type) {
    case 'Begin': {
      const model = textAt(readObject(data), 'configuration', 'model');
      return model ? { type, model } : { type };
    }
    case 'Audio':
      return { type, mark: 'audio', decides: typeDecides };
    case 'FlushDone':
      return { type, mark: 'turn-done' };
    case 'Cancelled':
      return { type, mark: 'interrupted' };
    case 'Termination':
      return { type, usage: billedCharacters(readObject(data)) };
    default:
      return { type };
  }
}

function billedCharacters(event: JsonObject | undefined): Usage | undefined {
  const usage = event && soundUsage(event, { characters: event.total_input_char_length });
  return usage && { cumulative: true, ...usage };
}

/** `error_code` is a close code there, and `error_type` says more. */
function errorEvent({ code, message, field }: Rejection): OutFrame {
  const error = { type: 'Error', error_code: 3006, error: message, error_type: code, retryable: false };
  return jsonFrame({ ...error, ...(field !== undefined && { param: field }) });
}
