// OpenAI itself, under a contract: it refuses fields that it does not know, and `max_tokens` for models that reason.

import { completionsProfile } from './profile.ts';

export const openaiProfile = completionsProfile({
  name: 'openai',
  path: 'direct',
  baseUrl: 'https://api.openai.com/v1',
  regions: { eu: 'https://eu.api.openai.com/v1', us: 'https://us.api.openai.com/v1' },
  provider: () => 'openai',
  fields: ({ maxTokens }) => ({ max_tokens: undefined, max_completion_tokens: maxTokens, store: false }),
  readMetadata: () => ({ provider: 'openai' }),
});
