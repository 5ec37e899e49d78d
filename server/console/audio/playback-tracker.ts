// What was received and what was played of each reply, so that an interruption can say what the caller heard.

import type { Cut } from '../dialects/dialect.ts';
import type { ItemPlayed } from './play-queue.ts';

interface Received {
  readonly contentIndex: number;
  samples: number;
  ended: boolean;
}

export class PlayLedger {
  readonly #rateHz: number;
  readonly #received = new Map<string, Received>();
  readonly #refused = new Set<string>();
  #total = 0;

  constructor(rateHz: number) {
    this.#rateHz = rateHz;
  }

  get totalReceived(): number {
    return this.#total;
  }

  /** False: the item was cut off, what still arrives of it must not be played. */
  receive(itemId: string, contentIndex: number, samples: number): boolean {
    if (this.#refused.has(itemId)) return false;
    const known = this.#received.get(itemId);
    if (known === undefined) this.#received.set(itemId, { contentIndex, samples, ended: false });
    else known.samples += samples;
    this.#total += samples;
    return true;
  }

  /** All of the item's sound has arrived. */
  end(itemId: string): void {
    const item = this.#received.get(itemId);
    if (item !== undefined) item.ended = true;
  }

  /** From now on nothing more of the items so far is taken. */
  refuseAll(): void {
    for (const itemId of this.#received.keys()) this.#refused.add(itemId);
  }

  /**
   * Everything that was not heard to its end, in the order of its arrival.
   * `latencyMs`: sound on its way to the ear, which the caller had not heard. Never more than was received.
   */
  cut(played: readonly ItemPlayed[], latencyMs: number): Cut[] {
    const cuts: Cut[] = [];
    for (const { item, playedSamples } of played) {
      const received = this.#received.get(item);
      if (received === undefined || (received.ended && playedSamples >= received.samples)) continue;
      const heardMs = Math.max(0, Math.floor((playedSamples * 1000) / this.#rateHz - latencyMs));
      const receivedMs = Math.floor((received.samples * 1000) / this.#rateHz);
      const { contentIndex } = received;
      cuts.push({ itemId: item, contentIndex, playedMs: Math.min(heardMs, receivedMs), receivedMs });
    }
    return cuts;
  }
}
