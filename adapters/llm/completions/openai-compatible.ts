// Any other endpoint of the chat completions form: vLLM, Ollama, a private router. The provider behind it is unknown, unless
// `settings.provider` names it, and so is whether it has the Responses API or Anthropic's Messages, unless `settings.responses` or
// `settings.messages` is `native`.

import { textAt } from '../../../codecs/json/object.ts';
import { completionsProfile } from './profile.ts';

export const openaiCompatibleProfile = completionsProfile({
  name: 'openai-compatible',
  path: 'routed',
  settings: { known: ['provider'] },
  provider: (_, { provider }) => provider,
  responses: { isOptional: () => true },
  messages: { isOptional: () => true },
  embeddings: {},
  moderations: {},
  readMetadata: (_, body) => ({ provider: textAt(body, 'provider') }),
});
