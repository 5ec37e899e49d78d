// Keeps what is on its way to be a session: upgrades and calls whose client has no answer yet.

/** Lives until its client has an answer. */
interface Opening<Result = unknown> {
  run(): Promise<Result>;
  /** Ends the wait for the provider. */
  abort(): void;
  /** Refuses a client whose first message is still to come. */
  stopWaiting?(): void;
}

export class Openings {
  readonly #all = new Set<Opening>();
  readonly #onEnded: () => void;

  /** `onEnded`: called when one has ended. */
  constructor(onEnded: () => void) {
    this.#onEnded = onEnded;
  }

  get size(): number {
    return this.#all.size;
  }

  async run<Result>(opening: Opening<Result>): Promise<Result> {
    this.#all.add(opening);
    try {
      return await opening.run();
    } finally {
      this.#all.delete(opening);
      this.#onEnded();
    }
  }

  stopWaiting(): void {
    for (const opening of this.#all) opening.stopWaiting?.();
  }

  abortAll(): void {
    for (const opening of this.#all) opening.abort();
  }
}
