// Tells whoever serves a key for long, such as an event stream, when the key is over.

/** Held for as long as the key is served. */
export interface KeyEnd extends Disposable {
  /** Aborts when the key is over. */
  readonly signal: AbortSignal;
}

export class KeyEnds {
  readonly #waiting = new Map<string, Set<AbortController>>();

  /** `isOver`: the key is over already. */
  watch(id: string, isOver: boolean): KeyEnd {
    const end = new AbortController();
    const ends = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, ends.add(end));
    if (isOver) end.abort();
    return {
      signal: end.signal,
      [Symbol.dispose]: () => {
        if (ends.delete(end) && ends.size === 0) this.#waiting.delete(id);
      },
    };
  }

  tell(ids: readonly string[]): void {
    for (const id of ids) for (const end of this.#waiting.get(id) ?? []) end.abort();
  }
}
