// Bifrost: the model names who serves (`openai/gpt-5`); who did comes in `extra_fields`. The key is one of its virtual keys.
// https://docs.getbifrost.ai/api-reference/chat-completions/create-a-chat-completion, https://docs.getbifrost.ai/features/fallbacks

import { textAt, valueAt } from '../../../codecs/json-object.ts';
import { completionsProfile, vendorOf } from './profile.ts';
import { costUsdOf } from './usage.ts';

export const bifrostProfile = completionsProfile({
  name: 'bifrost',
  path: 'routed',
  provider: vendorOf,
  headers: ({ apiKey }): Readonly<Record<string, string>> => (apiKey === '' ? {} : { 'x-bf-vk': apiKey }),
  // An empty list, since its governance may add some where there is none.
  fields: () => ({ fallbacks: [] }),
  readMetadata: (_, body) => ({
    provider: textAt(body, 'extra_fields', 'provider'),
    costUsd: costUsdOf(valueAt(body, ['usage', 'cost', 'total_cost'])),
  }),
});
