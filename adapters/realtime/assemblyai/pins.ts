// Pins settings of an AssemblyAI agent: they go into the client's first `session.update`.

import type { DialectPins } from '../contract/pins.ts';
import type { PinnedEvents } from '../guards/pin-guard.ts';
import { pinsInFirst } from '../guards/pinned-first.ts';
import { FREE, forms, named, type SettingPlaces, type SettingRules } from '../guards/pinned-settings.ts';

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
  pinsInFirst({
    type: 'session.update',
    field: 'session',
    events,
    rules,
    isSound: ({ data, binary }) => !binary && isAudio(data),
  });
