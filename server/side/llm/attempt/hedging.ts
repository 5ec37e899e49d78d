// Asks a second target when the first is silent. The first answer counts; the other attempt is cancelled, and settled at what it may cost.

import type { Answered } from '../call.ts';
import type { Failure } from '../failure.ts';
import { CallAborted } from './deadline.ts';

type Result = Answered | Failure;

interface HedgedOptions {
  /** Calls `answering` for each part of the answer. */
  readonly first: (signal: AbortSignal, answering: () => void) => Promise<Result>;
  readonly second: (signal: AbortSignal) => Promise<Result>;
  /** Silence of the first after which the second is asked: an answer that flows is waited for. */
  readonly hedgeMs: number;
  readonly signal: AbortSignal;
}

/** Resolves with the answer alone, else with the failures of those that were asked, in order. */
export async function hedged({ first, second, hedgeMs, signal }: HedgedOptions): Promise<readonly Result[]> {
  const [stopFirst, stopSecond] = [new AbortController(), new AbortController()];
  const silent = Promise.withResolvers<undefined>();
  const timer = setTimeout(silent.resolve, hedgeMs, undefined).unref();
  const firstResult = first(AbortSignal.any([signal, stopFirst.signal]), () => void timer.refresh());
  const early = await Promise.race([firstResult, silent.promise]).finally(() => clearTimeout(timer));
  if (early) return [early];
  const secondResult = second(AbortSignal.any([signal, stopSecond.signal]));
  const won = await Promise.any([whenAnswered(firstResult), whenAnswered(secondResult)]).catch(() => undefined);
  if (!won) return Promise.all([firstResult, secondResult]);
  for (const controller of [stopFirst, stopSecond]) controller.abort(new CallAborted('hedge'));
  return [won];
}

/** Rejects for a failure, so that one of the two ends the call only when both have failed. */
async function whenAnswered(result: Promise<Result>): Promise<Answered> {
  const value = await result;
  if (value.kind === 'answered') return value;
  throw new Error(value.code);
}
