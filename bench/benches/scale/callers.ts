// The callers of the simulation: how many come in a second, how long they stay, and when one that was refused or cut off comes again.

import type { ScaleModel } from './model.ts';

/** A caller without a session. */
export interface Caller {
  /** Rest of the call in seconds. */
  readonly seconds: number;
  readonly tries: number;
  /** Second of the first try, or of the loss. */
  readonly since: number;
  /** Cause of the loss; undefined where there was no session. */
  readonly lostBy?: 'deploy' | 'death';
}

/** Pauses of `trunkline/client`, which double, and the time until it gives up. In seconds. */
const [FIRST_PAUSE, MOST_PAUSE, GIVE_UP] = [0.25, 10, 120];
/** Mean from which on a Poisson distribution is drawn as the normal one that it then is. */
const NORMAL_FROM = 60;

/** Arrivals over those of the peak: a cosine over the day. */
export function dayCurve({ peakHour, troughShare }: Pick<ScaleModel, 'peakHour' | 'troughShare'>, second: number) {
  const wave = (1 + Math.cos((2 * Math.PI * (second / 3600 - peakHour)) / 24)) / 2;
  return troughShare + (1 - troughShare) * wave;
}

/** Draws how many come in a second, where so many come on average. */
export function poisson(mean: number, random: () => number): number {
  if (mean > NORMAL_FROM) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal));
  }
  const least = Math.exp(-mean);
  let count = -1;
  for (let product = 1; product > least; product *= random()) count++;
  return Math.max(0, count);
}

/** Whole seconds until the next try; undefined for a caller who gives up. */
export function nextTry({ tries, since }: Caller, now: number, random: () => number): number | undefined {
  const doubled = Math.min(MOST_PAUSE, FIRST_PAUSE * 2 ** tries);
  const pause = Math.max(1, Math.ceil(doubled * (0.75 + random() / 2)));
  return now - since + pause > GIVE_UP ? undefined : pause;
}

/** Callers by the second of their next try. */
export class Waiting {
  readonly #bySecond = new Map<number, Caller[]>();
  count = 0;

  add(caller: Caller, second: number): void {
    const others = this.#bySecond.get(second);
    if (others === undefined) this.#bySecond.set(second, [caller]);
    else others.push(caller);
    this.count++;
  }

  take(second: number): readonly Caller[] {
    const due = this.#bySecond.get(second) ?? [];
    this.#bySecond.delete(second);
    this.count -= due.length;
    return due;
  }
}
