// The dialect of ElevenLabs' agents, /v1/convai/conversation: JSON with base64 sound both ways, whose format the provider's first message tells. Nothing
// tells the end of a turn. Events: read in its types (0.23) and SDKs (JavaScript 2.73); what the client sends first: measured (Python 2.78).

import { eventType, firstMember, typeDecides } from '../../../../codecs/json/event-type.ts';
import { flatKey, flatObjectEnd, hasBackslash } from '../../../../codecs/json/flat-object.ts';
import { objectAt, readObject, textAt } from '../../../../codecs/json/object.ts';
import type { DecisiveBytes } from '../../../../codecs/websocket/alike-messages.ts';
import { type Direction, type Frame, jsonFrame, type OutFrame } from '../../../../codecs/websocket/frame.ts';
import type { Dialect, Rejection } from '../../contract/dialect.ts';
import type { Observation } from '../../contract/observation.ts';
import { eventPaths } from '../../guards/event-paths.ts';
import { guardModels, type ModelRules } from '../../guards/model-guard.ts';
import { renamedBy } from '../../guards/renamed-model.ts';
import { bytesPerSecond } from '../audio-format.ts';

const SAID = 'user_audio_chunk';
const shape = [flatKey(SAID)];

const rules: ModelRules = {
  isAudio: (data) => flatObjectEnd(data, 0, shape) === data.length && !hasBackslash(data),
  words: ['llm'],
  places: eventPaths([
    ['conversation_config_override', 'agent', 'prompt', 'llm'],
    ['conversation_config_override', 'tts', 'model_id'],
    ['custom_llm_extra_body', 'model'],
  ]),
};

/** The vocabulary of `/v1/convai/conversation`. */
export const elevenlabsAgentDialect: Dialect = {
  name: 'elevenlabs-agent',
  capabilities: { audio: 'base64', turnEnd: 'never', interruption: 'event', usage: 'never', speaksFirst: 'client' },
  mostTokens: { input: 0, output: 0 },
  // Read in the SDK.
  keepAlive: 'pong for each ping',
  modelsIn: (frame) => guardModels(frame, rules),
  renamed: renamedBy(rules),
  observe,
  errorEvent,
  // It tells the agent something that it need not answer.
  context: {
    kind: 'event',
    after: 'first-answer',
    event: (text) => jsonFrame({ type: 'contextual_update', text }),
  },
};

function observe({ data }: Frame, direction: Direction): Observation | undefined {
  const key = firstMember(data)?.key;
  if (direction === 'upstream' && key === SAID) return { type: SAID, decides: valueDecides };
  if (direction === 'downstream' && key === 'audio_event')
    return { type: 'audio', mark: 'audio', decides: valueDecides };
  const type = eventType(data);
  if (type === undefined) return undefined;
  return direction === 'upstream' ? observeClient(type, data) : observeServer(type, data);
}

/** The bytes up to the value of the first member: its key tells what the message is. */
function valueDecides(data: Buffer): DecisiveBytes | undefined {
  const first = firstMember(data)?.valueAt;
  return first === undefined ? undefined : { first, last: 0 };
}

function observeClient(type: string, data: Buffer): Observation {
  if (type !== 'user_message') return { type };
  const text = textAt(readObject(data), 'text');
  return { type, mark: 'request', ...(text && { utterances: [{ role: 'user', text }] }) };
}

function observeServer(type: string, data: Buffer): Observation {
  switch (type) {
    case 'conversation_initiation_metadata':
      return started(type, data);
    case 'audio':
      return { type, mark: 'audio', decides: typeDecides };
    case 'user_transcript': {
      const text = textAt(readObject(data), 'user_transcription_event', 'user_transcript');
      return { type, mark: 'speech-stopped', ...(text && { utterances: [{ role: 'user', text }] }) };
    }
    case 'agent_response': {
      const text = textAt(readObject(data), 'agent_response_event', 'agent_response');
      return { type, mark: 'text', ...(text && { utterances: [{ role: 'assistant', text }] }) };
    }
    case 'interruption':
      return { type, mark: 'interrupted' };
    case 'client_tool_call': {
      const event = readObject(data);
      const [name, id] = [textAt(event, type, 'tool_name'), textAt(event, type, 'tool_call_id')];
      return { type, toolCalls: [{ name, id }] };
    }
    default:
      return { type };
  }
}

function started(type: string, data: Buffer): Observation {
  const formats = objectAt(readObject(data), 'conversation_initiation_metadata_event');
  const upstream = bytesPerSecond(textAt(formats, 'user_input_audio_format'));
  const downstream = bytesPerSecond(textAt(formats, 'agent_output_audio_format'));
  return { type, isContinuous: true, soundBytesPerSecond: { upstream, downstream } };
}

function errorEvent({ code, message }: Rejection): OutFrame {
  return jsonFrame({
    type: 'error',
    error_event: { code: 1008, error_type: 'invalid_message', reason: code, message },
  });
}
