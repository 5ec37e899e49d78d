// The registry of LLM profiles: the one door through which the server knows them.

import { anthropic } from './anthropic.ts';
import { bifrost } from './bifrost.ts';
import { cloudflare } from './cloudflare.ts';
import { gemini } from './gemini.ts';
import { litellm } from './litellm.ts';
import type { LlmProfile } from './llm.ts';
import { openai } from './openai.ts';
import { openaiCompatible } from './openai-compatible.ts';
import { openrouter } from './openrouter.ts';
import { portkey } from './portkey.ts';
import { vercel } from './vercel.ts';

export { LlmFault } from './llm.ts';

const all = [
  ...[openrouter, litellm, portkey, vercel, cloudflare, bifrost],
  ...[openai, openaiCompatible, anthropic, gemini],
];

/** By name; the same names as in the configuration. */
export const llmProfiles: ReadonlyMap<string, LlmProfile> = new Map(all.map((profile) => [profile.name, profile]));
