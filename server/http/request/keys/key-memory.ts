// The stored keys that a process has seen in the last minute, and the changes that it was told of. Bounded: what was used longest ago goes.

import type { KeyQuestion, StoredKey } from '../../../ipc/stored-keys.ts';

/** Time for which a key counts that the store has not confirmed again. */
const CONFIRMED_MS = 60_000;
/** Age from which on one that is used is confirmed again, while it is used. */
const DUE_MS = 5000;
const MAX_KEYS = 10_000;
const MAX_CHANGES = 10_000;

interface Remembered {
  readonly found: StoredKey;
  readonly confirmedAt: number;
}

export class KeyMemory {
  readonly #now: () => number;
  /** By id; what was used last comes last. */
  readonly #keys = new Map<string, Remembered>();
  /** Ids by the digests of the secrets of those keys. */
  readonly #ids = new Map<string, string>();
  /** The newest change of each key by its id, the last one last: an answer that was read before it is older. */
  readonly #changes = new Map<string, StoredKey>();

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  get(asked: KeyQuestion): StoredKey | undefined {
    const id = 'id' in asked ? asked.id : this.#ids.get(asked.digest);
    const known = id === undefined ? undefined : this.#keys.get(id);
    if (id === undefined || known === undefined) return undefined;
    if (this.#now() - known.confirmedAt > CONFIRMED_MS) return void this.#forget(id);
    this.#keys.delete(id);
    this.#keys.set(id, known);
    return known.found;
  }

  /** Tells whether a key that was got from here should be confirmed. */
  isDue({ key: { id } }: StoredKey): boolean {
    const { confirmedAt = 0 } = this.#keys.get(id) ?? {};
    return this.#now() - confirmedAt > DUE_MS;
  }

  /** Takes an answer of the store. Returns it, or what is known to be newer. */
  confirmed(asked: KeyQuestion, found: StoredKey | undefined): StoredKey | undefined {
    if (found === undefined) {
      if ('id' in asked) this.#forget(asked.id);
      return undefined;
    }
    const change = this.#changes.get(found.key.id);
    const newest = change !== undefined && change.version > found.version ? change : found;
    this.#remember(newest);
    return newest;
  }

  /** Takes a change that the owner of the store has told. */
  changed(change: StoredKey): void {
    const { id } = change.key;
    const { version = 0 } = this.#changes.get(id) ?? {};
    if (version >= change.version) return;
    this.#changes.delete(id);
    this.#changes.set(id, change);
    trim(this.#changes, MAX_CHANGES);
    if (this.#keys.has(id)) this.#remember(change);
  }

  /** Tells whether the key was revoked or deleted, by the newest change. */
  isOver(id: string): boolean {
    const { revokedAt, deletedAt } = this.#changes.get(id) ?? {};
    return (revokedAt ?? deletedAt) !== undefined;
  }

  #remember(found: StoredKey): void {
    const { key, digest, oldDigest, revokedAt, deletedAt } = found;
    this.#forget(key.id);
    if ((revokedAt ?? deletedAt) !== undefined) return;
    this.#keys.set(key.id, { found, confirmedAt: this.#now() });
    for (const one of [digest, oldDigest]) if (one !== undefined) this.#ids.set(one, key.id);
    const [oldest] = this.#keys.keys();
    if (this.#keys.size > MAX_KEYS && oldest !== undefined) this.#forget(oldest);
  }

  #forget(id: string): void {
    const { digest, oldDigest } = this.#keys.get(id)?.found ?? {};
    for (const one of [digest, oldDigest]) if (one !== undefined) this.#ids.delete(one);
    this.#keys.delete(id);
  }
}

function trim(map: Map<string, unknown>, most: number): void {
  const [oldest] = map.keys();
  if (map.size > most && oldest !== undefined) map.delete(oldest);
}
