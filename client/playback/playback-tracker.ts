// Tracks how much of each reply was received and played, so that an interruption can say what the caller heard.

import type { ItemPlayed } from './play-queue.ts';

/** Playback of an interrupted reply, up to the interruption: `playedMs` is `audio_end_ms` of `conversation.item.truncate`. */
export interface Truncation {
  readonly itemId: string;
  readonly contentIndex: number;
  readonly playedMs: number;
  readonly receivedMs: number;
}

interface ReceivedItem {
  readonly contentIndex: number;
  samples: number;
  isEnded: boolean;
  isRefused: boolean;
}

export class PlaybackTracker {
  totalReceived = 0;
  readonly #received = new Map<string, ReceivedItem>();
  readonly #rateHz: number;

  /** `rateHz`: the rate of all samples that are counted. */
  constructor(rateHz: number) {
    this.#rateHz = rateHz;
  }

  /** Counts samples of an item. False when the item was cut off: then they must not be played. */
  receive(itemId: string, contentIndex: number, samples: number): boolean {
    const item = this.#received.get(itemId) ?? { contentIndex, samples: 0, isEnded: false, isRefused: false };
    if (item.isRefused) return false;
    item.samples += samples;
    this.#received.set(itemId, item);
    this.totalReceived += samples;
    return true;
  }

  /** Notes that all of the item's audio has arrived. */
  end(itemId: string): void {
    const item = this.#received.get(itemId);
    if (item !== undefined) item.isEnded = true;
  }

  /** Refuses further audio of all items so far. */
  refuseAll(): void {
    for (const item of this.#received.values()) item.isRefused = true;
  }

  /**
   * Truncations of all items that were not heard to their end, in the order of arrival. `latencyMs`: audio between player and
   * ear, which the caller had not heard. Never says more than was received.
   */
  truncations(played: readonly ItemPlayed[], latencyMs: number): Truncation[] {
    const truncations: Truncation[] = [];
    for (const { item, playedSamples } of played) {
      const received = this.#received.get(item);
      if (received === undefined || (received.isEnded && playedSamples >= received.samples)) continue;
      const heardMs = Math.max(0, Math.floor((playedSamples * 1000) / this.#rateHz - latencyMs));
      const receivedMs = Math.floor((received.samples * 1000) / this.#rateHz);
      const { contentIndex } = received;
      truncations.push({ itemId: item, contentIndex, playedMs: Math.min(heardMs, receivedMs), receivedMs });
    }
    return truncations;
  }
}
