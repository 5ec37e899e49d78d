// Measures how long the user waited in each turn: from the end of the speech, or from the request for a reply, to the first piece of the reply.

import type { Mark } from '../../../adapters/realtime/contract.ts';
import type { Metrics, TurnTimes } from '../../platform/metrics.ts';

/** The newest turns that a session keeps; older ones are in the metrics only. */
const KEPT_TURNS = 200;

export class TurnLatencies {
  readonly #metrics: Pick<Metrics, 'turn'>;
  readonly #provider: string;
  readonly #kept: TurnTimes[] = [];
  #speechStoppedAt: number | undefined;
  #requestedAt: number | undefined;

  constructor(metrics: Pick<Metrics, 'turn'>, provider: string) {
    this.#metrics = metrics;
    this.#provider = provider;
  }

  get turns(): readonly TurnTimes[] {
    return [...this.#kept];
  }

  /** `at`: monotonic ms. */
  mark(mark: Mark, at: number): void {
    switch (mark) {
      case 'speech-started':
      case 'turn-done':
        this.#reset();
        return;
      case 'speech-stopped':
        this.#speechStoppedAt = at;
        return;
      case 'request':
        this.#requestedAt = at;
        return;
      case 'audio':
        this.#reply('Audio', at);
        return;
      case 'text':
        this.#reply('Text', at);
        return;
      case 'interrupted':
        return;
    }
  }

  /** Measures the first piece of a reply: from the speech that it answers, else from the request. */
  #reply(kind: 'Audio' | 'Text', at: number): void {
    if (this.#speechStoppedAt !== undefined) this.#keep({ [`speechTo${kind}Ms`]: roundMs(at - this.#speechStoppedAt) });
    else if (this.#requestedAt !== undefined) this.#keep({ [`requestTo${kind}Ms`]: roundMs(at - this.#requestedAt) });
  }

  #keep(times: TurnTimes): void {
    this.#reset();
    this.#kept.push(times);
    if (this.#kept.length > KEPT_TURNS) this.#kept.shift();
    this.#metrics.turn(times, this.#provider);
  }

  #reset(): void {
    this.#speechStoppedAt = undefined;
    this.#requestedAt = undefined;
  }
}

/** Keeps microseconds: more digits are noise. */
function roundMs(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
