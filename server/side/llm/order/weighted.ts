// Orders targets by relative weights, the same way each time for the same key: a canary stays with those who got it.
// Rule: a weight that changes moves no more of those who call than the change asks for.

import { hash } from 'node:crypto';

export interface Weighted {
  /** `<gateway>/<model>`, which is unique among the targets. */
  readonly label: string;
  /** Its share of the calls, relative to those of the others; one without a weight is asked only after all that have one. */
  readonly weight?: number | undefined;
}

/**
 * Returns the targets with weights in an order that the key draws, then the others as they are. Each is first with the probability of its weight
 * (weighted rendezvous hashing: https://www.snia.org/sites/default/files/SDC15_presentations/dist_sys/Jason_Resch_New_Consistent_Hashings_Rev.pdf).
 */
export function weightedOrder<T extends Weighted>(targets: readonly T[], key: string): readonly T[] {
  const drawn = targets.flatMap((target) =>
    target.weight === undefined ? [] : [{ target, turn: turnOf(key, target.label) / target.weight }],
  );
  const others = targets.filter(({ weight }) => weight === undefined);
  return [...drawn.sort((one, other) => one.turn - other.turn).map(({ target }) => target), ...others];
}

const BYTES = 6;

/** A draw of the exponential distribution, by which the least of several, each divided by its weight, wins in proportion to that. */
function turnOf(key: string, label: string): number {
  const drawn = hash('sha256', `${label}\n${key}`, 'buffer').readUIntBE(0, BYTES);
  return -Math.log((drawn + 1) / 2 ** (8 * BYTES));
}
