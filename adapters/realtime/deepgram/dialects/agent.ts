// The Deepgram Voice Agent dialect: JSON in text messages, sound in binary ones, both ways. The client configures the agent in its first
// message (Settings); models are those of the stages listen, think and speak, whoever makes them.

import { eventType } from '../../../../codecs/json/event-type.ts';
import { isObject, type JsonObject, objectAt, readObject, textAt } from '../../../../codecs/json/object.ts';
import { type Direction, type Frame, jsonFrame, type OutFrame } from '../../../../codecs/websocket/frame.ts';
import type { Dialect, Rejection } from '../../contract/dialect.ts';
import type { Observation } from '../../contract/observation.ts';
import { eventPaths } from '../../guards/event-paths.ts';
import { guardModels, type ModelRules } from '../../guards/model-guard.ts';
import { renamedBy } from '../../guards/renamed-model.ts';
import { isSound, soundOf } from '../../sound.ts';
import { deepgramPins } from '../pins.ts';
import { agentResumption } from '../resumption/agent.ts';

/** Stages of an agent. Each has a provider with a model, think and speak also a list of them to fall back on. */
const stages = ['listen', 'think', 'speak'];

/** The stage that backchannels beside `think`. It names no model so far (read in the SDK for Python, 7.17), and need not. */
const THINK_LIVE = 'think_live';

const rules: ModelRules = {
  isAudio: () => false,
  places: eventPaths(
    [...stages, THINK_LIVE].flatMap((stage) =>
      ['model', 'model_id'].flatMap((key) => [
        ['agent', stage, 'provider', key],
        [stage, 'provider', key],
      ]),
    ),
  ),
  starter: { words: ['Settings', 'UpdateListen', 'UpdateThink', 'UpdateSpeak'], impliedNames },
};

/** The vocabulary of `/v1/agent/converse`. A model of another maker is `deepgram/<model>` in the list of a key, like all that run here. */
export const deepgramAgentDialect: Dialect = {
  name: 'deepgram-agent',
  capabilities: {
    audio: 'binary',
    turnEnd: 'event',
    interruption: 'speech-started',
    usage: 'never',
    speaksFirst: 'provider',
  },
  mostTokens: { input: 256_000, output: 64_000 },
  // Document.
  keepAlive: 'KeepAlive every 8 s without sound',
  modelsIn: (frame) => (isSound(frame) ? undefined : guardModels(frame, rules)),
  renamed: renamedBy(rules),
  // The stage that thinks is what a session is known by.
  firstName: {
    nameIn: ({ type, agent }) => (type === 'Settings' && isObject(agent) ? thinkingModel(agent) : undefined),
    refusalEvent: ({ code, message }) => jsonFrame({ type: 'Error', description: message, code }),
  },
  observe,
  errorEvent,
  pins: deepgramPins(isSound),
  context: { kind: 'in-first-message', merge: withContext },
  resumption: agentResumption,
};

/** An `Error` ends a session at the provider, a `Warning` does not. */
function errorEvent({ code, message }: Rejection): OutFrame {
  return jsonFrame({ type: code === 'pinned' ? 'Warning' : 'Error', description: message, code });
}

/** A saved agent stands for the models that it was made with. A stage without a model gets one of Deepgram's choice. */
function impliedNames({ type, agent, listen, think, speak }: JsonObject): readonly string[] {
  if (type === 'UpdateListen') return changesKind(listen) && !namesModel(listen) ? [''] : [];
  if (type === 'UpdateThink') return namesModel(think) ? [] : [''];
  if (type === 'UpdateSpeak') return namesModel(speak) ? [] : [''];
  if (type !== 'Settings') return [];
  if (typeof agent === 'string') return [agent];
  return isObject(agent) && stages.every((stage) => namesModel(agent[stage])) ? [] : [''];
}

/** An update of other settings leaves the model that there is. */
function changesKind(listen: unknown): boolean {
  const provider = isObject(listen) ? listen.provider : undefined;
  return isObject(provider) && (provider.type ?? provider.version) !== undefined;
}

function namesModel(stage: unknown): boolean {
  if (Array.isArray(stage)) return stage.length > 0 && stage.every(namesModel);
  return isObject(stage) && modelOf(stage) !== undefined;
}

function modelOf(stage: JsonObject): string | undefined {
  return textAt(stage, 'provider', 'model') ?? textAt(stage, 'provider', 'model_id');
}

function observe({ data, binary }: Frame, direction: Direction): Observation | undefined {
  if (binary) return soundOf(direction);
  const type = eventType(data);
  if (type === undefined) return undefined;
  return direction === 'upstream' ? observeClient(type, data) : observeServer(type, data);
}

function observeClient(type: string, data: Buffer): Observation {
  switch (type) {
    case 'Settings':
      return { type, model: thinkingModel(readObject(data)?.agent) };
    case 'UpdateThink':
      return { type, model: thinkingModel(readObject(data)) };
    case 'InjectUserMessage':
      return { type, mark: 'request' };
    default:
      return { type };
  }
}

/** The model that a session is known by: of a list, the first is asked first. */
function thinkingModel(agent: unknown): string | undefined {
  if (typeof agent === 'string') return agent;
  const think = isObject(agent) ? agent.think : undefined;
  const first: unknown = Array.isArray(think) ? think[0] : think;
  return isObject(first) ? modelOf(first) : undefined;
}

function observeServer(type: string, data: Buffer): Observation {
  switch (type) {
    case 'UserStartedSpeaking':
      return { type, mark: 'speech-started' };
    case 'ConversationText':
      return conversationText(type, readObject(data));
    case 'AgentAudioDone':
      return { type, mark: 'turn-done' };
    // It is not read, so that no more is known of it.
    case 'FunctionCallRequest':
      return { type, toolCalls: [{}] };
    default:
      return { type };
  }
}

/** Reads a whole utterance. One of the user comes when the user's turn is taken to be over, which no other event tells. */
function conversationText(type: string, event: JsonObject | undefined): Observation {
  const [role, text] = [textAt(event, 'role'), textAt(event, 'content')];
  if ((role !== 'user' && role !== 'assistant') || !text) return { type };
  const utterances = [{ role, text }] as const;
  return role === 'user' ? { type, mark: 'speech-stopped', utterances } : { type, utterances };
}

/** The text becomes the oldest message of the conversation that the agent knows. */
function withContext(first: Frame, text: string): OutFrame | Rejection {
  const settings = readObject(first.data);
  const agent = objectAt(settings, 'agent');
  const context = agent?.context ?? {};
  const messages = isObject(context) ? (context.messages ?? []) : undefined;
  if (settings?.type !== 'Settings' || agent === undefined || !Array.isArray(messages))
    return { code: 'context_not_taken', message: 'expected Settings with the agent as an object as the first message' };
  const history = [{ type: 'History', role: 'user', content: text }, ...messages];
  return jsonFrame({ ...settings, agent: { ...agent, context: { ...context, messages: history } } });
}
