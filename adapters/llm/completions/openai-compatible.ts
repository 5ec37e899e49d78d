// Any other endpoint of the chat completions form: vLLM, Ollama, a router of one's own. Nothing is known of who serves behind it.
// `settings.provider` says who does, where that is certain.

import { textAt } from '../../../codecs/json-object.ts';
import { completionsProfile } from './profile.ts';

export const openaiCompatibleProfile = completionsProfile({
  name: 'openai-compatible',
  path: 'routed',
  settings: { known: ['provider'] },
  provider: (_, { provider }) => provider,
  readMetadata: (_, body) => ({ provider: textAt(body, 'provider') }),
});
