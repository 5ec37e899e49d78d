// Pins settings of a Deepgram agent: they go into the client's own `Settings`, and into what changes the stage that thinks.

import { isObject, type JsonObject, objectAt } from '../../../codecs/json/object.ts';
import { type Frame, jsonFrame, type OutFrame } from '../../../codecs/websocket/frame.ts';
import type { DialectPins, PinRejection } from '../contract/pins.ts';
import { type PinnedEvents, pinsBy, readUnchanging } from '../guards/pin-guard.ts';
import {
  changedIn,
  FREE,
  foldKey,
  forms,
  itemCheck,
  named,
  type PlaceCheck,
  type SettingPlaces,
  type SettingRules,
  unlessPinned,
  withPinned,
} from '../guards/pinned-settings.ts';

const think: SettingPlaces = {
  provider: 'agent.think.provider',
  endpoint: 'agent.think.endpoint',
  prompt: 'agent.think.prompt',
  functions: 'agent.think.functions',
  context_length: 'agent.think.context_length',
};

const agent: SettingPlaces = {
  language: 'agent.language',
  listen: 'agent.listen',
  think,
  think_live: 'agent.think_live',
  speak: 'agent.speak',
  greeting: 'agent.greeting',
  context: 'agent.context',
};

const settings: SettingPlaces = {
  ...named('tags', 'experimental', 'flags', 'mip_opt_out'),
  audio: { input: 'audio.input', output: 'audio.output' },
  agent,
};

/** Names of settings that must not go where the client says. */
const own = ['agent.think.prompt', 'agent.think.functions'];

/** Another endpoint, or an account of the client's own, would be told what is pinned. */
const elsewhere: PlaceCheck = (value, { values }, path) =>
  value !== null && own.some((name) => values.has(name)) ? path : undefined;

const inOwnAccount: PlaceCheck = (value, pinned, path) =>
  isObject(value) && Object.keys(value).some((key) => foldKey(key) === 'credentials')
    ? elsewhere(value, pinned, `${path}.credentials`)
    : undefined;

const givenThink: SettingPlaces = {
  ...think,
  provider: unlessPinned('agent.think.provider', inOwnAccount),
  endpoint: unlessPinned('agent.think.endpoint', elsewhere),
};

/** Messages of the conversation before. */
const messages = itemCheck({ types: ['History'], guards: own });

/** A context is an object that holds them. */
const inContext: PlaceCheck = (value, pinned, path) => {
  if (isObject(value)) return changedIn(value, { messages }, pinned, `${path}.`);
  return value === null ? undefined : path;
};

const events: PinnedEvents = {
  Settings: { ...settings, agent: { ...agent, think: givenThink, context: unlessPinned('agent.context', inContext) } },
  UpdatePrompt: { prompt: 'agent.think.prompt' },
  UpdateThink: { think: givenThink },
  UpdateThink_Live: { think_live: 'agent.think_live' },
  UpdateSpeak: { speak: 'agent.speak' },
  UpdateListen: { listen: 'agent.listen' },
  InjectUserMessage: { content: FREE },
  InjectAgentMessage: { message: FREE, content: FREE, behavior: FREE, is_dynamic: FREE },
  FunctionCallResponse: { id: FREE, name: FREE, content: FREE, output: FREE, function_call_id: FREE },
  ForceEndTurn: {},
  KeepAlive: {},
};

const rules: SettingRules = {
  session: settings,
  bringers: [],
  // Its models are those of several stages.
  identity: [],
  forms: {
    'agent.think.prompt': forms.text,
    'agent.think.functions': forms.objects,
    'agent.think.provider': forms.object,
    'agent.greeting': forms.text,
    'agent.language': forms.text,
  },
};

/** Pins settings of `/v1/agent/converse`. `isSound`: see the dialect. */
export const deepgramPins = (isSound: (frame: Frame) => boolean): DialectPins =>
  pinsBy(rules, (given, pinned) => {
    let hasSettings = false;
    return {
      fromClient(frame): OutFrame | PinRejection | undefined {
        if (hasSettings && isSound(frame)) return undefined;
        const read = readUnchanging(frame, events, pinned);
        if ('code' in read) return read;
        const { event } = read;
        if (event.type !== 'Settings' && !hasSettings) return early;
        hasSettings = true;
        return withSettings(event, given);
      },
    };
  });

const early: PinRejection = {
  code: 'pinned',
  message: 'the settings of this session are pinned by its client secret: expected Settings before any other message',
  field: 'type',
};

/** A new stage that thinks takes the place of the one before, with all that was pinned of it. */
function withSettings(event: JsonObject, given: JsonObject): OutFrame | undefined {
  if (event.type === 'Settings') return jsonFrame(withPinned(event, given, settings));
  const thinking = objectAt(given, 'agent', 'think');
  if (event.type !== 'UpdateThink' || thinking === undefined) return undefined;
  return jsonFrame({ ...event, think: withPinned(objectAt(event, 'think') ?? {}, thinking, think) });
}
