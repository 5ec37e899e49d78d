// The registry of LLM profiles: the one door through which the server knows them.

import { anthropic } from './anthropic/profile.ts';
import { bifrost } from './completions/bifrost.ts';
import { cloudflare } from './completions/cloudflare.ts';
import { litellm } from './completions/litellm.ts';
import { openai } from './completions/openai.ts';
import { openaiCompatible } from './completions/openai-compatible.ts';
import { openrouter } from './completions/openrouter.ts';
import { portkey } from './completions/portkey.ts';
import { vercel } from './completions/vercel.ts';
import type { LlmProfile } from './contract.ts';
import { gemini } from './gemini/profile.ts';

export { LlmFault } from './contract.ts';

const all = [
  ...[openrouter, litellm, portkey, vercel, cloudflare, bifrost],
  ...[openai, openaiCompatible, anthropic, gemini],
];

/** By name; the same names as in the configuration. */
export const llmProfiles: ReadonlyMap<string, LlmProfile> = new Map(all.map((profile) => [profile.name, profile]));
