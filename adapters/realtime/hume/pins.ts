// Pins settings of a Hume chat: they go into the client's first `session_settings`, over those that its query has.

import { eventType } from '../../../codecs/json/event-type.ts';
import { type Frame, jsonFrame, type OutFrame } from '../../../codecs/websocket/frame.ts';
import type { DialectPins } from '../contract/pins.ts';
import type { PinnedEvents } from '../guards/pin-guard.ts';
import { pinsInFirst } from '../guards/pinned-first.ts';
import { FREE, forms, named, type SettingPlaces, type SettingRules } from '../guards/pinned-settings.ts';

const settings: SettingPlaces = named(
  ...['system_prompt', 'voice_id', 'variables', 'context', 'tools', 'builtin_tools', 'audio', 'metadata'],
  ...['language_model_api_key', 'custom_session_id'],
);

const own: SettingPlaces = { custom_session_id: 'custom_session_id' };
const tool: SettingPlaces = { ...own, tool_call_id: FREE, tool_name: FREE, tool_type: FREE, content: FREE };

const events: PinnedEvents = {
  session_settings: settings,
  audio_input: { ...own, data: FREE },
  user_input: { ...own, text: FREE },
  assistant_input: { ...own, text: FREE },
  tool_response: tool,
  tool_error: { ...tool, error: FREE, code: FREE, level: FREE },
  pause_assistant_message: own,
  resume_assistant_message: own,
};

const rules: SettingRules = {
  session: settings,
  bringers: [],
  identity: [],
  forms: {
    system_prompt: forms.text,
    voice_id: forms.text,
    variables: forms.object,
    context: forms.object,
    tools: forms.objects,
    builtin_tools: forms.objects,
    audio: forms.object,
  },
};

/** Pins settings of `/v0/evi/chat`. `isSound`: see the dialect. */
export const humeChatPins = (isSound: (frame: Frame) => boolean): DialectPins =>
  pinsInFirst({ type: 'session_settings', events, rules, isSound, fromProvider: withoutSettings });

/** Hume may tell the settings back to whoever listens to a chat. */
function withoutSettings({ data }: Frame): OutFrame | undefined {
  return eventType(data) === 'session_settings' ? jsonFrame({ type: 'session_settings' }) : undefined;
}
