// Bifrost: the model's name holds the provider (`openai/gpt-5`), `extra_fields` the one that answered. The key is a virtual key.
// https://docs.getbifrost.ai/api-reference/chat-completions/create-a-chat-completion, https://docs.getbifrost.ai/features/fallbacks,
// https://docs.getbifrost.ai/features/unified-interface, https://docs.getbifrost.ai/integrations/anthropic-sdk/overview

import { textAt } from '../../../codecs/json/object.ts';
import type { LlmTarget } from '../contract.ts';
import { completionsProfile, vendorOf } from './profile.ts';

/** Its paths in the form of Anthropic stand beside `/v1`. */
const messagesUrl = ({ baseUrl }: LlmTarget): string =>
  `${baseUrl.replace(/\/+$/, '').replace(/\/v1$/, '')}/anthropic/v1/messages`;

export const bifrostProfile = completionsProfile({
  name: 'bifrost',
  path: 'routed',
  provider: vendorOf,
  headers: ({ apiKey }): Readonly<Record<string, string>> => (apiKey === '' ? {} : { 'x-bf-vk': apiKey }),
  // Bifrost's governance may add fallbacks of its own where the field is missing.
  fields: () => ({ fallbacks: [] }),
  responses: { fields: () => ({ fallbacks: [] }) },
  messages: { url: messagesUrl, fields: () => ({ fallbacks: [] }) },
  readMetadata: (_, body) => ({
    served:
      textAt(body, 'extra_fields', 'resolved_model_used') ?? textAt(body, 'extra_fields', 'routing_info', 'model'),
    provider: textAt(body, 'extra_fields', 'provider') ?? textAt(body, 'extra_fields', 'routing_info', 'provider'),
  }),
});
