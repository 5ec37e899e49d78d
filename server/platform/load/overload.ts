// Tells when a process has more to do, or more to hold, than it can: its event loop is late, or its memory is nearly used up. Rule: it takes nothing new
// then; what it has begun goes on, and idle work ends only where all of it would be lost otherwise.

import type { Logger } from 'pino';
import { Gauge, type Registry } from 'prom-client';
import { type MemoryUse, measureMemory, partOf } from './memory-use.ts';

const REASONS = ['lag', 'memory'] as const;
export type OverloadReason = (typeof REASONS)[number];

/** See `limits.overload`. */
interface OverloadLimits {
  readonly lagMs: number;
  readonly memoryBytes?: number | undefined;
}

interface OverloadOptions {
  limits(): OverloadLimits;
  readonly registry: Registry;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  /** Called while too little memory is left to go on with all that was begun. `steps`: hundredths by which more is used than when it was called last, at least 1. */
  onShort?(steps: number): void;
  readonly measure?: (limitBytes: number | undefined) => MemoryUse;
}

const LOOK_MS = 100;
/** Looks in a row that find the loop late: one long pause, such as a collection of garbage, is no overload. */
const LATE_LOOKS = 5;
/** Parts of the memory: nothing new is taken from the first on, idle work ends from the second on, and below the third all is well again. */
const [SHED_PART, END_PART, CALM_PART] = [0.8, 0.9, 0.75];
/** Change of the part that tells of more work, or of a collection of garbage: what was ended before is in the figure then. */
const CHANGED_PART = 0.01;
/** Time without a reason, after which the overload is over: limits that are met now and then are met once. */
const CALM_MS = 5000;

export class Overload {
  readonly #options: OverloadOptions;
  /** The reasons that hold, with the time at which each was seen last. */
  readonly #seen = new Map<OverloadReason, number>();
  readonly #timer: NodeJS.Timeout;
  #lookedAt = performance.now();
  #lateLooks = 0;
  /** The part at which idle work was ended last. */
  #endedAt: number | undefined;

  constructor(options: OverloadOptions) {
    this.#options = options;
    exportOverload(options.registry, (reason) => this.#seen.has(reason));
    this.#timer = setInterval(() => this.#look(performance.now()), LOOK_MS).unref();
  }

  /** The reason to take nothing new; undefined: there is none. */
  get reason(): OverloadReason | undefined {
    return REASONS.find((reason) => this.#seen.has(reason));
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(now: number): void {
    const { limits, measure = measureMemory } = this.#options;
    const { lagMs, memoryBytes } = limits();
    const lateMs = Math.max(0, Math.round(now - this.#lookedAt - LOOK_MS));
    this.#lookedAt = now;
    this.#lateLooks = lagMs > 0 && lateMs >= lagMs ? this.#lateLooks + 1 : 0;
    this.#note(
      'lag',
      now,
      { isOver: this.#lateLooks >= LATE_LOOKS, isCalm: lagMs === 0 || lateMs < lagMs / 2 },
      { lateMs },
    );
    const use = measure(memoryBytes);
    const part = partOf(use);
    this.#note('memory', now, { isOver: part >= SHED_PART, isCalm: part < CALM_PART }, use);
    this.#endIdle(part);
  }

  #note(reason: OverloadReason, now: number, is: { isOver: boolean; isCalm: boolean }, figures: object): void {
    const { log } = this.#options;
    const seenAt = this.#seen.get(reason);
    if (is.isOver || (seenAt !== undefined && !is.isCalm)) this.#seen.set(reason, now);
    else if (seenAt !== undefined && now - seenAt >= CALM_MS) this.#seen.delete(reason);
    if (this.#seen.has(reason) === (seenAt !== undefined)) return;
    if (seenAt === undefined) log.warn({ reason, ...figures }, 'overloaded: nothing new is taken');
    else log.info({ reason, ...figures }, 'no longer overloaded');
  }

  /** Memory that was let go shows once its garbage was collected; until then nothing more is ended, unless the rest has grown. */
  #endIdle(part: number): void {
    if (part < END_PART) this.#endedAt = undefined;
    else if (this.#endedAt === undefined || Math.abs(part - this.#endedAt) >= CHANGED_PART) {
      const steps = Math.floor((part - (this.#endedAt ?? END_PART)) / CHANGED_PART);
      this.#endedAt = part;
      this.#options.onShort?.(Math.max(1, steps));
    }
  }
}

function exportOverload(registry: Registry, holds: (reason: OverloadReason) => boolean): void {
  const gauge: Gauge = new Gauge({
    name: 'trunkline_overload',
    help: '1 while a process takes nothing new since its event loop is late (lag) or its memory nearly used up (memory), else 0; the worst of all processes',
    labelNames: ['reason'],
    aggregator: 'max',
    registers: [registry],
    collect() {
      for (const reason of REASONS) gauge.set({ reason }, holds(reason) ? 1 : 0);
    },
  });
}
