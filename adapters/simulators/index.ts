// The registry of simulators: the only file through which the rehearsal host knows them.

import type { HttpReply } from '../realtime/refusal.ts';
import type { ProviderSimulators, SimulatorRoute } from './contract.ts';
import { deepgramSimulators } from './deepgram/index.ts';
import { geminiSimulators } from './gemini/index.ts';
import { completionReply } from './llm/completions.ts';
import { embeddingsReply } from './llm/embeddings.ts';
import { moderationReply } from './llm/moderations.ts';
import type { RehearsalReply } from './llm/reply.ts';
import { openaiSimulators } from './openai/index.ts';
import type { SimulatedProvider } from './simulated-providers.ts';

export { type RehearsalReply, rehearsalError } from './llm/reply.ts';

/** Answers the bodies of POST requests to the LLM gateway of the rehearsal, by their paths under its URL. */
export const llmReplies: ReadonlyMap<string, (body: string) => RehearsalReply> = new Map([
  ['/v1/chat/completions', completionReply],
  ['/v1/embeddings', embeddingsReply],
  ['/v1/moderations', moderationReply],
]);

const byProvider: Readonly<Record<SimulatedProvider, ProviderSimulators>> = {
  openai: openaiSimulators,
  gemini: geminiSimulators,
  deepgram: deepgramSimulators,
};
const all = Object.values(byProvider);

export const simulatorRoutes: readonly SimulatorRoute[] = all.flatMap(({ routes }) => routes);

/** The answer to a path that is not rehearsed: in the shape of the provider that has the path, else in a plain one. */
export function notRehearsed(path: string): HttpReply {
  const served = simulatorRoutes.map((route) => route.path);
  return all.find(({ owns }) => owns(path))?.notFound(path, served) ?? unknownPath(path, served);
}

function unknownPath(path: string, served: readonly string[]): HttpReply {
  const message = `Unknown path ${path}. The rehearsal provider speaks ${served.join(', ')}.`;
  const body = JSON.stringify({ error: { code: 'unknown_path', type: 'invalid_request_error', message } });
  return { status: 404, headers: { 'content-type': 'application/json' }, body };
}
