// Measures how long the user waited in each turn: from the end of the speech, or from the request for a reply, to the first piece of the reply.

import type { Mark } from '../../../adapters/realtime/contract/observation.ts';
import type { Reply } from '../../ipc/session-record.ts';
import type { Metrics, TurnTimes } from '../../platform/metrics.ts';

/** The newest turns that a session keeps; older ones are in the metrics only. */
const KEPT_TURNS = 200;

interface TurnLatenciesOptions {
  readonly metrics: Pick<Metrics, 'turn'>;
  readonly provider: string;
  /** Gets each reply when it begins (monotonic ms). */
  readonly onReply: (at: number, reply: Reply) => void;
}

export class TurnLatencies {
  readonly #metrics: Pick<Metrics, 'turn'>;
  readonly #provider: string;
  readonly #onReply: (at: number, reply: Reply) => void;
  readonly #kept: TurnTimes[] = [];
  #speechStoppedAt: number | undefined;
  #requestedAt: number | undefined;
  /** Set while a reply passes: what is asked for meanwhile is for the next one, whose first piece is known where this one is cut off. */
  #isReplying = false;
  #nextRequestedAt: number | undefined;

  constructor({ metrics, provider, onReply }: TurnLatenciesOptions) {
    this.#metrics = metrics;
    this.#provider = provider;
    this.#onReply = onReply;
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
        if (this.#isReplying) this.#nextRequestedAt = at;
        else this.#requestedAt = at;
        return;
      case 'audio':
        this.#reply('audio', at);
        return;
      case 'text':
        this.#reply('text', at);
        return;
      case 'interrupted':
        this.#isReplying = false;
        this.#requestedAt = this.#nextRequestedAt;
        return;
    }
  }

  /** Measures the first piece of a reply: from the speech that it answers, else from the request. */
  #reply(began: Reply['began'], at: number): void {
    this.#isReplying = true;
    if (this.#speechStoppedAt !== undefined)
      this.#keep(at, { began, since: 'speech', ms: roundMs(at - this.#speechStoppedAt) });
    else if (this.#requestedAt !== undefined)
      this.#keep(at, { began, since: 'request', ms: roundMs(at - this.#requestedAt) });
  }

  #keep(at: number, reply: Reply): void {
    const times: TurnTimes = { [`${reply.since}To${reply.began === 'audio' ? 'Audio' : 'Text'}Ms`]: reply.ms };
    this.#forget();
    this.#kept.push(times);
    if (this.#kept.length > KEPT_TURNS) this.#kept.shift();
    this.#metrics.turn(times, this.#provider);
    this.#onReply(at, reply);
  }

  #reset(): void {
    this.#isReplying = false;
    this.#forget();
  }

  #forget(): void {
    this.#speechStoppedAt = undefined;
    this.#requestedAt = undefined;
    this.#nextRequestedAt = undefined;
  }
}

/** Keeps microseconds: more digits are noise. */
function roundMs(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
