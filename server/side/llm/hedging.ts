// Asks a second target when the first is slow. The first answer counts; the other attempt is cancelled, and settled at what it may cost.

import { setTimeout as delay } from 'node:timers/promises';
import type { Answered } from './call.ts';
import { CallAborted } from './deadline.ts';
import type { Failure } from './failure.ts';

type Result = Answered | Failure;
type Ask = (signal: AbortSignal) => Promise<Result>;

interface HedgedOptions {
  readonly first: Ask;
  readonly second: Ask;
  readonly hedgeMs: number;
  readonly signal: AbortSignal;
}

/** Resolves with the answer alone, else with the failures of those that were asked, in order. */
export async function hedged({ first, second, hedgeMs, signal }: HedgedOptions): Promise<readonly Result[]> {
  const [stopFirst, stopSecond] = [new AbortController(), new AbortController()];
  const firstResult = first(AbortSignal.any([signal, stopFirst.signal]));
  const early = await Promise.race([firstResult, delay(hedgeMs, undefined, { ref: false })]);
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
