// The simulators of all providers, for the rehearsal host.

import type { HttpReply } from '../realtime/contract.ts';
import type { ProviderSimulators, SimulatorRoute } from './contract.ts';
import { geminiSimulators } from './gemini/index.ts';
import { openaiSimulators } from './openai/index.ts';

export { COMPLETIONS_PATH, type CompletionReply, completionError, completionReply } from './llm/completions.ts';
export { startSimulator } from './script-runtime.ts';

const providers: readonly [ProviderSimulators, ...ProviderSimulators[]] = [openaiSimulators, geminiSimulators];

/** Every path that is rehearsed. */
export const simulatorRoutes: readonly SimulatorRoute[] = providers.flatMap(({ routes }) => routes);

/** The answer to a path that is not rehearsed, in the shape of the provider that it looks like. */
export function notRehearsed(path: string): HttpReply {
  const provider = providers.find((candidate) => candidate.owns(path)) ?? providers[0];
  return provider.notFound(
    path,
    simulatorRoutes.map((route) => route.path),
  );
}
