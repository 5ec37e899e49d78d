// The registry of LLM profiles: the only file through which the server knows them.

import { anthropicProfile } from './anthropic/profile.ts';
import { bifrostProfile } from './completions/bifrost.ts';
import { cloudflareProfile } from './completions/cloudflare.ts';
import { litellmProfile } from './completions/litellm.ts';
import { openaiProfile } from './completions/openai.ts';
import { openaiCompatibleProfile } from './completions/openai-compatible.ts';
import { openrouterProfile } from './completions/openrouter.ts';
import { portkeyProfile } from './completions/portkey.ts';
import { vercelProfile } from './completions/vercel.ts';
import type { LlmProfile } from './contract.ts';
import { geminiProfile } from './gemini/profile.ts';

export { streamOfCompletion } from './chat/chunks.ts';
export { ServerSentEventReader } from './chat/server-sent-events.ts';
export { LlmFailure } from './contract.ts';
export { failureOfReply } from './failure/failure.ts';
export { apiFor, errorEvent, PASSED_FORMS, passedForm, streamInForm } from './forms.ts';
export { messagesCall } from './messages/request.ts';
export { compactionOf, summaryInput, withoutCompactions } from './responses/compaction.ts';
export { isOutput, missingOutput, openCalls } from './responses/open-calls.ts';
export { responsesCall } from './responses/request.ts';
export { newResponseId } from './responses/stream.ts';
export { maxOutputTokens, UNKNOWN_OUTPUT_TOKENS } from './usage/answer-tokens.ts';

const all = [
  ...[openrouterProfile, litellmProfile, portkeyProfile, vercelProfile, cloudflareProfile, bifrostProfile],
  ...[openaiProfile, openaiCompatibleProfile, anthropicProfile, geminiProfile],
];

/** Profiles by the names of the configuration. */
export const llmProfiles: ReadonlyMap<string, LlmProfile> = new Map(all.map((profile) => [profile.name, profile]));
