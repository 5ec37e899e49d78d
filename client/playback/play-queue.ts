// Queue of the samples to play, which counts how many of each item were played. Runs inside the playback worklet.
// Playing begins when a little is queued, so that the first late packet does not tear a gap.

export interface ItemPlayed {
  readonly item: string;
  readonly playedSamples: number;
}

interface Pulled {
  /** Items whose first sample was just played. */
  readonly started: readonly string[];
  /** True when the queue ran dry although more was announced. */
  readonly gap: boolean;
}

interface Queued {
  readonly item: string;
  readonly samples: Int16Array;
  offset: number;
}

export class PlayQueue {
  totalPlayed = 0;
  queuedSamples = 0;
  #queue: Queued[] = [];
  #waiting = true;
  #finished = true;
  #played = new Map<string, number>();
  readonly #startSamples: number;

  /** `startSamples`: samples that must be queued before playing begins. */
  constructor(startSamples: number) {
    this.#startSamples = startSamples;
  }

  push(item: string, samples: Int16Array): void {
    if (samples.length === 0) return;
    if (!this.#played.has(item)) this.#forgetPlayedOut();
    this.#queue.push({ item, samples, offset: 0 });
    this.queuedSamples += samples.length;
    this.#finished = false;
    if (!this.#played.has(item)) this.#played.set(item, 0);
  }

  /** Says that no more comes for now, so that a queue shorter than `startSamples` is played as well. */
  finish(): void {
    this.#finished = true;
  }

  /** Fills `out` with the next samples, then silence. */
  pull(out: Float32Array): Pulled {
    out.fill(0);
    const started: string[] = [];
    if (this.#waiting && this.queuedSamples < (this.#finished ? 1 : this.#startSamples)) return { started, gap: false };
    this.#waiting = false;
    let filled = 0;
    for (let head = this.#queue[0]; head !== undefined && filled < out.length; head = this.#queue[0]) {
      const count = Math.min(out.length - filled, head.samples.length - head.offset);
      for (let i = 0; i < count; i++) out[filled + i] = (head.samples[head.offset + i] ?? 0) / 32_768;
      const playedBefore = this.#played.get(head.item) ?? 0;
      if (playedBefore === 0) started.push(head.item);
      this.#played.set(head.item, playedBefore + count);
      this.queuedSamples -= count;
      this.totalPlayed += count;
      head.offset += count;
      filled += count;
      if (head.offset === head.samples.length) this.#queue.shift();
    }
    this.#waiting = this.queuedSamples === 0;
    return { started, gap: this.#waiting && !this.#finished };
  }

  /** Drops everything that is queued and returns how much of each item was played. */
  flush(): ItemPlayed[] {
    const played = this.itemsPlayed();
    this.#queue = [];
    this.queuedSamples = 0;
    this.#waiting = true;
    this.#finished = true;
    this.#played = new Map();
    return played;
  }

  itemsPlayed(): ItemPlayed[] {
    return [...this.#played].map(([item, playedSamples]) => ({ item, playedSamples }));
  }

  /** Forgets items of which nothing is queued; a session may have thousands. */
  #forgetPlayedOut(): void {
    for (const item of this.#played.keys()) {
      if (!this.#queue.some((queued) => queued.item === item)) this.#played.delete(item);
    }
  }
}
