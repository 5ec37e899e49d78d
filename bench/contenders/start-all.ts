// The contenders of a bench in front of one provider, and where their sessions begin.

import type { BenchContext, Contender, RunningContender } from '../bench.ts';

export const PATH = '/v1/realtime?model=bench';
/** A real provider takes longer; an event that comes with the 101 is lost by relays that begin to listen later (Portkey). */
export const GREET_MS = 200;

type StartAllOptions = Parameters<BenchContext['start']>[1] & { readonly contenders?: readonly Contender[] };

/** A contender that does not start is left out, and said. `label`: the name of the bench. */
export async function startAll(
  context: BenchContext,
  label: string,
  { contenders = context.contenders, ...options }: StartAllOptions,
): Promise<ReadonlyMap<string, RunningContender>> {
  const running = new Map<string, RunningContender>();
  for (const [index, { name }] of contenders.entries()) {
    context.progress(`${label}: starting ${name}`, index / contenders.length / 100);
    try {
      running.set(name, await context.start(name, options));
    } catch (error) {
      context.say(`${label}: ${name} did not start: ${(error as Error).message}`);
    }
  }
  return running;
}
