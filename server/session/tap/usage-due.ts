// Knows whether the provider has still to report what a session has used: while a response is under way, or until the report of its end.
// Rule: it looks at marks and reports alone, so that a frame without either costs nothing.

import type { Dialect } from '../../../adapters/realtime/contract/dialect.ts';
import type { Mark, Observation } from '../../../adapters/realtime/contract/observation.ts';
import type { Direction } from '../../../codecs/websocket/frame.ts';
import type { AwaitedUsage } from '../close-reason.ts';

export class UsageDue {
  readonly #last: Dialect['lastUsage'];
  /** Counts what has passed. */
  readonly #passed: Record<Direction, { readonly frames: number }>;
  /** Set from the request or the speech that is answered until the report. */
  #isReplying = false;
  #isOver = false;
  /** Called with each report after which none is to come. */
  whenReported: (() => void) | undefined;

  constructor({ lastUsage }: Pick<Dialect, 'lastUsage'>, passed: Record<Direction, { readonly frames: number }>) {
    this.#last = lastUsage;
    this.#passed = passed;
  }

  /** Tells whether such a report is to come, if the provider is given the time for it. Nobody is billed for a session in which nothing was said. */
  isExpected(which: AwaitedUsage): boolean {
    if (this.#last === undefined || this.#isOver) return false;
    if (this.#last.comesWith !== undefined) return this.#passed.upstream.frames + this.#passed.downstream.frames > 0;
    return which === 'any' && this.#isReplying;
  }

  /** True while a response is under way: what it reads and says is billed when it ends. */
  get isReplying(): boolean {
    return this.#isReplying;
  }

  /** `mark`: where it counts. */
  observe({ type, usage, usageOf }: Observation, mark: Mark | undefined): void {
    if (mark === 'turn-done' || (usage !== undefined && usageOf !== 'transcription')) this.#isReplying = false;
    else if (mark !== undefined && mark !== 'speech-started' && mark !== 'interrupted') this.#isReplying = true;
    if (type === this.#last?.comesWith) this.#isOver = true;
    if (!this.isExpected('any')) this.whenReported?.();
  }
}
