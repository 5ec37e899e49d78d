// Pins settings of Live sessions: they go into the client's own `session.start`, and no other event may come before it or change them.

import { type JsonObject, objectAt } from '../../../../codecs/json/object.ts';
import { jsonFrame, type OutFrame } from '../../../../codecs/websocket/frame.ts';
import type { DialectPins, PinRejection, Pins } from '../../contract/pins.ts';
import { type PinnedEvents, pinsBy, readUnchanging } from '../../guards/pin-guard.ts';
import {
  FREE,
  forms,
  itemCheck,
  named,
  type PinnedSettings,
  PLAIN,
  type PlaceCheck,
  type SettingPlaces,
  type SettingRules,
  unlessPinned,
  withPinned,
} from '../../guards/pinned-settings.ts';
import { liveVeil } from './veil.ts';

const session: SettingPlaces = {
  ...named('model', 'instructions', 'delegation', 'triggers', 'input', 'store', 'client', 'safety_identifier'),
  ...named('prompt', 'replace'),
  audio: { format: 'audio.format', output: { voice: 'audio.output.voice' } },
};

const calls = ['function_call', 'function_call_output', 'custom_tool_call', 'custom_tool_call_output'];
const outputs = ['computer_call_output', 'local_shell_call_output', 'shell_call_output', 'apply_patch_call_output'];
const items = itemCheck({
  types: ['message', 'item_reference', 'mcp_approval_response', ...calls, ...outputs],
  guards: ['instructions', 'delegation', 'triggers'],
});

/** More instructions, while it runs. */
const moreInstructions: PlaceCheck = (_, { values }, path) => (values.has('instructions') ? path : undefined);

const started: SettingPlaces = { ...session, input: unlessPinned('input', items) };
const update: SettingPlaces = { ...started, session: started };
const appended: SettingPlaces = { content: FREE, delegation_id: PLAIN };

const events: PinnedEvents = {
  'session.start': update,
  'session.update': update,
  'session.input_audio.append': { audio: PLAIN },
  'session.input_audio.mute': {},
  'session.input_audio.unmute': {},
  'session.output_audio.fixture.play': { audio: PLAIN },
  'session.instructions.append': { ...appended, content: moreInstructions },
  'session.thinking.append': appended,
  'session.commentary.append': appended,
  'session.close': {},
  'decision.create': {},
  'decision.item.create': { item: items },
  'decision.item.delete': { item_id: PLAIN },
  'response.create': {},
  'response.item.create': { item: items },
};

const rules: SettingRules = {
  session,
  bringers: ['prompt', 'replace'],
  identity: ['model'],
  parts: { delegation: ['responses', 'decisions', 'instructions', 'tools'], triggers: ['decisions', 'questions'] },
  forms: {
    model: forms.text,
    instructions: forms.text,
    delegation: forms.objectOrNull,
    triggers: forms.objects,
    input: forms.objects,
    'audio.output.voice': forms.textOrObject,
  },
};

/** Pins settings of `/v1/live/sessions`. */
export const livePins = (isAudio: (data: Buffer) => boolean): DialectPins =>
  pinsBy(rules, (given, pinned) => holdLive({ given, pinned, isAudio }));

interface Held {
  readonly given: JsonObject;
  readonly pinned: PinnedSettings;
  readonly isAudio: (data: Buffer) => boolean;
}

function holdLive({ given, pinned, isAudio }: Held): Pins {
  let hasStarted = false;
  return {
    fromClient(frame): OutFrame | PinRejection | undefined {
      if (hasStarted && !frame.binary && isAudio(frame.data)) return undefined;
      const read = readUnchanging(frame, events, pinned);
      if ('code' in read) return read;
      const { event, eventId } = read;
      if (event.type !== 'session.start') return hasStarted ? undefined : notStarted(eventId);
      hasStarted = true;
      return jsonFrame({ ...event, session: withPinned(objectAt(event, 'session') ?? {}, given, session) });
    },
    fromProvider: liveVeil(pinned),
  };
}

const notStarted = (eventId: string | undefined): PinRejection => ({
  code: 'pinned',
  message:
    'the settings of this session are pinned by its client secret: expected session.start before any other event',
  field: 'type',
  eventId,
});
