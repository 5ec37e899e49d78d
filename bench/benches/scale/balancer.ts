// The balancer of the simulation: which of the machines that it takes for well gets the next caller.

import type { ScaleModel } from './model.ts';

export class Balancer {
  readonly #kind: ScaleModel['balancer'];
  readonly #live: Int32Array;
  readonly #random: () => number;
  readonly #reached: number[];
  #turn = 0;

  constructor(kind: ScaleModel['balancer'], live: Int32Array, random: () => number) {
    this.#kind = kind;
    this.#live = live;
    this.#random = random;
    this.#reached = Array.from(live, (_, machine) => machine);
  }

  /** Begins, or ends, to send callers to a machine. */
  reach(machine: number, isReachable: boolean): void {
    const at = this.#reached.indexOf(machine);
    if (isReachable && at < 0) this.#reached.push(machine);
    if (!isReachable && at >= 0) this.#reached.splice(at, 1);
  }

  /** Undefined where there is no machine. */
  next(): number | undefined {
    const reached = this.#reached;
    if (this.#kind === 'round-robin') return reached[this.#turn++ % reached.length];
    const one = reached[Math.floor(this.#random() * reached.length)];
    const other = reached[Math.floor(this.#random() * reached.length)];
    if (one === undefined || other === undefined) return undefined;
    return (this.#live[other] ?? 0) < (this.#live[one] ?? 0) ? other : one;
  }
}
