// Pins settings of Responses: they go into every `response.create` of the client.

import { isObject, type JsonObject } from '../../../../codecs/json/object.ts';
import { jsonFrame } from '../../../../codecs/websocket/frame.ts';
import { type PinnedEvents, pinsBy, readUnchanging } from '../../guards/pin-guard.ts';
import {
  FREE,
  forms,
  itemCheck,
  named,
  PLAIN,
  type SettingPlaces,
  type SettingRules,
  withPinned,
} from '../../guards/pinned-settings.ts';
import { veil } from './veil.ts';

/** The settings in the body of a request; what it is about, and where it goes on, is the client's own. */
const settings: SettingPlaces = {
  ...named('model', 'instructions', 'tools', 'tool_choice', 'parallel_tool_calls', 'max_tool_calls', 'prompt'),
  ...named('reasoning', 'text', 'temperature', 'top_p', 'top_logprobs', 'max_output_tokens', 'truncation', 'include'),
  ...named('context_management', 'moderation', 'multi_agent', 'service_tier', 'store', 'image', 'access_programs'),
  ...named('prompt_cache_key', 'prompt_cache_options', 'prompt_cache_retention', 'safety_identifier', 'user'),
};

const calls = ['function', 'custom_tool', 'computer', 'local_shell', 'shell', 'apply_patch'];
const items = itemCheck({
  types: [
    ...['message', 'item_reference', 'reasoning', 'compaction', 'compaction_trigger', 'program', 'program_output'],
    ...calls.flatMap((name) => [`${name}_call`, `${name}_call_output`]),
    ...['file_search', 'web_search', 'image_generation', 'code_interpreter', 'tool_search'].map(
      (name) => `${name}_call`,
    ),
    ...['mcp_call', 'mcp_list_tools', 'mcp_approval_request', 'mcp_approval_response', 'tool_search_output'],
  ],
  guards: ['instructions', 'tools', 'prompt'],
});

const body: SettingPlaces = {
  ...settings,
  input: items,
  metadata: FREE,
  client_metadata: FREE,
  conversation: FREE,
  previous_response_id: PLAIN,
  stream_id: PLAIN,
};

const events: PinnedEvents = {
  // Older clients have the body at `response`.
  'response.create': { ...body, response: body },
  'response.steer': { input: items, previous_response_id: PLAIN, stream_id: PLAIN },
  'response.inject': { input: items, response_id: PLAIN, stream_id: PLAIN },
};

const rules: SettingRules = {
  session: settings,
  bringers: ['prompt'],
  identity: ['model'],
  forms: { model: forms.text, instructions: forms.text, tools: forms.objects, prompt: forms.objectOrNull },
};

/** Pins settings of `/v1/responses`. */
export const responsesPins = pinsBy(rules, (given, pinned) => ({
  fromClient(frame) {
    const read = readUnchanging(frame, events, pinned);
    if ('code' in read) return read;
    return read.event.type === 'response.create' ? jsonFrame(withBody(read.event, given)) : undefined;
  },
  fromProvider: veil(pinned),
}));

function withBody(event: JsonObject, given: JsonObject): JsonObject {
  const merged = withPinned(event, given, settings);
  return isObject(event.response) ? { ...merged, response: withPinned(event.response, given, settings) } : merged;
}
