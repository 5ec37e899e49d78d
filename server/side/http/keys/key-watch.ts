// Watches the keys of the store, and tells what has changed: what this process changes at once, what others change at the next look.

import type { Logger } from 'pino';
import { faultOf } from '../../../platform/log.ts';
import type { KeyChanges } from '../../store/contract/keys.ts';
import type { Store } from '../../store/contract/store.ts';

/** Gets the changes in their order; at first the present count alone, unless there were changes since the one that was given. */
export type OnKeysChanged = (changes: KeyChanges) => void;

interface KeyWatchOptions {
  readonly store: Pick<Store, 'keyChanges'>;
  /** The count of changes that was told last, by the process before this one. */
  readonly since: number | undefined;
  readonly onChanged: OnKeysChanged;
  readonly log: Logger;
  readonly everyMs?: number | undefined;
}

const EVERY_MS = 1000;

export class KeyWatch {
  readonly #options: KeyWatchOptions;
  #told: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #isDue = false;
  #isFailing = false;

  constructor(options: KeyWatchOptions) {
    this.#options = options;
    this.#told = options.since;
  }

  /** Resolves after the first look. */
  async start(): Promise<void> {
    this.#timer = setInterval(() => this.changed(), this.#options.everyMs ?? EVERY_MS);
    this.changed();
    await this.#looking;
  }

  /** Looks now. A look that is under way may have read what was before, and is followed by another. */
  changed(): void {
    if (this.#timer === undefined) return;
    this.#isDue = true;
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #look(): Promise<void> {
    while (this.#isDue && this.#timer !== undefined) {
      this.#isDue = false;
      await this.#read();
    }
  }

  /** While the store is away, changes wait there. */
  async #read(): Promise<void> {
    const { store, onChanged, log } = this.#options;
    try {
      const changes = await store.keyChanges(this.#told);
      this.#isFailing = false;
      if (changes.version === this.#told) return;
      // There may be more than one answer holds.
      this.#isDue ||= changes.keys.length > 0;
      this.#told = changes.version;
      onChanged(changes);
    } catch (error) {
      if (!this.#isFailing) log.warn(faultOf(error), 'changes of keys cannot be read: what was known goes on to hold');
      this.#isFailing = true;
    }
  }
}

/** Returns the store, with each change of a key told. */
export function tellKeyChanges(store: Store, onChanged: () => void): Store {
  const told =
    (change: Store['addKey']): Store['addKey'] =>
    async (key, entry) => {
      const isChanged = await change(key, entry);
      if (isChanged) onChanged();
      return isChanged;
    };
  return { ...store, addKey: told(store.addKey), replaceKey: told(store.replaceKey) };
}
