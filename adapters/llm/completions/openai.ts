// OpenAI itself. It refuses unknown fields, and `max_tokens` for reasoning models.
// https://platform.openai.com/docs/api-reference/chat, https://platform.openai.com/docs/api-reference/responses

import { completionsProfile } from './profile.ts';

export const openaiProfile = completionsProfile({
  name: 'openai',
  priceListName: 'openai',
  path: 'direct',
  baseUrl: 'https://api.openai.com/v1',
  regions: { eu: 'https://eu.api.openai.com/v1', us: 'https://us.api.openai.com/v1' },
  provider: () => 'openai',
  fields: ({ maxTokens }) => ({ max_tokens: undefined, max_completion_tokens: maxTokens, store: false }),
  responses: {},
  embeddings: {},
  moderations: {},
  compactions: {},
  readMetadata: () => ({ provider: 'openai' }),
});
