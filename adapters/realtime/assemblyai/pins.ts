// Pins settings of an AssemblyAI agent: they go into the client's own `session.update`, without which nothing else passes.

import { type JsonObject, objectAt } from '../../../codecs/json/object.ts';
import { jsonFrame } from '../../../codecs/websocket/frame.ts';
import type { DialectPins, PinRejection } from '../contract/pins.ts';
import { type PinnedEvents, pinsBy, readUnchanging } from '../guards/pin-guard.ts';
import { FREE, forms, named, type SettingPlaces, type SettingRules, withPinned } from '../guards/pinned-settings.ts';

const settings: SettingPlaces = named('agent_id', 'system_prompt', 'greeting', 'tools', 'input', 'output');

/** `session.resume` is no such event: what goes on then are the settings of another session. */
const events: PinnedEvents = {
  'session.update': { session: settings },
  'input.audio': { audio: FREE },
  'tool.result': { call_id: FREE, result: FREE },
  // They stand beside the prompt, or above it.
  'reply.create': { instructions: 'system_prompt' },
  'session.end': {},
};

const rules: SettingRules = {
  session: settings,
  bringers: ['agent_id'],
  identity: ['agent_id'],
  forms: {
    agent_id: forms.text,
    system_prompt: forms.text,
    greeting: forms.text,
    tools: forms.objects,
    input: forms.object,
    output: forms.object,
  },
};

/** Pins settings of `/v1/ws`. `isAudio`: see the dialect. */
export const assemblyaiAgentPins = (isAudio: (data: Buffer) => boolean): DialectPins =>
  pinsBy(rules, (given, pinned) => {
    let isConfigured = false;
    return {
      fromClient(frame) {
        if (isConfigured && !frame.binary && isAudio(frame.data)) return undefined;
        const read = readUnchanging(frame, events, pinned);
        if ('code' in read) return read;
        const { event } = read;
        if (event.type !== 'session.update') return isConfigured ? undefined : early;
        // Later ones change what they name, which is nothing pinned.
        if (isConfigured) return undefined;
        isConfigured = true;
        return jsonFrame(withSettings(event, given));
      },
    };
  });

const withSettings = (event: JsonObject, given: JsonObject): JsonObject => ({
  ...event,
  session: withPinned(objectAt(event, 'session') ?? {}, given, settings),
});

const early: PinRejection = {
  code: 'pinned',
  message:
    'the settings of this session are pinned by its client secret: expected session.update before any other message',
  field: 'type',
};
