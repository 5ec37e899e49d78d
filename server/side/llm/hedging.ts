// Asks a second target when the first is slow. The first answer counts; the other attempt is cancelled, and settled for what it may cost.

import { setTimeout as delay } from 'node:timers/promises';
import type { Answered } from './call.ts';
import { CallAborted } from './deadline.ts';
import type { Failure } from './failure.ts';

type Result = Answered | Failure;
type Ask = (its: { readonly signal: AbortSignal }) => Promise<Result>;

export interface HedgedOptions {
  readonly first: Ask;
  readonly second: Ask;
  readonly hedgeMs: number;
  readonly signal: AbortSignal;
}

/** The answer alone; else the failures of the one or the two that were asked, in order. */
export async function hedged({ first, second, hedgeMs, signal }: HedgedOptions): Promise<readonly Result[]> {
  const [one, other] = [new AbortController(), new AbortController()];
  const asked = first({ signal: AbortSignal.any([signal, one.signal]) });
  const early = await Promise.race([asked, delay(hedgeMs, undefined, { ref: false })]);
  if (early) return [early];
  const hedge = second({ signal: AbortSignal.any([signal, other.signal]) });
  const answers = [whenAnswered(asked), whenAnswered(hedge)];
  const won = await Promise.any(answers).catch(() => undefined);
  if (!won) return Promise.all([asked, hedge]);
  for (const controller of [one, other]) controller.abort(new CallAborted('hedge'));
  return [won];
}

/** What would end the call without the other attempt ends it with it too only when that has failed as well. */
async function whenAnswered(result: Promise<Result>): Promise<Answered> {
  const value = await result;
  if (value.kind === 'answered') return value;
  throw new Error(value.code);
}
