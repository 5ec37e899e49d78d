// Tracks how much of each reply was received and played, so that an interruption can say what the caller heard.

import type { Truncation } from '../dialects/dialect.ts';
import type { ItemPlayed } from './play-queue.ts';

interface ReceivedItem {
  readonly contentIndex: number;
  samples: number;
  ended: boolean;
}

export class PlaybackTracker {
  readonly #rateHz: number;
  readonly #received = new Map<string, ReceivedItem>();
  readonly #refused = new Set<string>();
  #total = 0;

  constructor(rateHz: number) {
    this.#rateHz = rateHz;
  }

  get totalReceived(): number {
    return this.#total;
  }

  /** Counts samples of an item. False when the item was cut off: then they must not be played. */
  receive(itemId: string, contentIndex: number, samples: number): boolean {
    if (this.#refused.has(itemId)) return false;
    const known = this.#received.get(itemId);
    if (known === undefined) this.#received.set(itemId, { contentIndex, samples, ended: false });
    else known.samples += samples;
    this.#total += samples;
    return true;
  }

  /** Notes that all of the item's audio has arrived. */
  end(itemId: string): void {
    const item = this.#received.get(itemId);
    if (item !== undefined) item.ended = true;
  }

  /** Refuses further audio of all items so far. */
  refuseAll(): void {
    for (const itemId of this.#received.keys()) this.#refused.add(itemId);
  }

  /**
   * Truncations of all items that were not heard to their end, in the order of arrival. `latencyMs`: audio between worklet and
   * ear, which the caller had not heard. Never says more than was received.
   */
  truncations(played: readonly ItemPlayed[], latencyMs: number): Truncation[] {
    const truncations: Truncation[] = [];
    for (const { item, playedSamples } of played) {
      const received = this.#received.get(item);
      if (received === undefined || (received.ended && playedSamples >= received.samples)) continue;
      const heardMs = Math.max(0, Math.floor((playedSamples * 1000) / this.#rateHz - latencyMs));
      const receivedMs = Math.floor((received.samples * 1000) / this.#rateHz);
      const { contentIndex } = received;
      truncations.push({ itemId: item, contentIndex, playedMs: Math.min(heardMs, receivedMs), receivedMs });
    }
    return truncations;
  }
}
