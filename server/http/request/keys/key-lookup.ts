// Finds keys by their secrets: those of the file at once; those of the store in the memory of this process, or by asking whoever owns the store.
// Rule: what is revoked, deleted or not confirmed for a minute is not in the memory, and a key of the file hides a stored one of its id.

import type { Refusal } from '../../../../adapters/realtime/refusal.ts';
import type { Config, FileKey, Key } from '../../../config/config.ts';
import type { Away } from '../../../ipc/channel/owner-answer.ts';
import type { FindKey, KeyQuestion, StoredKey } from '../../../ipc/stored-keys.ts';
import { notNow } from '../refusals.ts';
import { type KeyEnd, KeyEnds } from './key-ends.ts';
import { KeyMemory } from './key-memory.ts';
import { digestOf, isKeySecret } from './secret-form.ts';
import { StoreQuestions } from './store-questions.ts';
import { boundByTeam } from './team-bounds.ts';

interface KeyLookupOptions {
  /** The keys of the configuration in force. */
  fileKeys(): readonly FileKey[];
  /** The teams of the configuration in force. */
  teams?(): Config['teams'];
  /** Undefined where there is no store. */
  readonly findKey?: FindKey | undefined;
}

interface FileKeys {
  readonly keys: readonly FileKey[];
  readonly byDigest: ReadonlyMap<string, Key>;
  readonly byId: ReadonlyMap<string, Key>;
}

/** A key, or why there is none. */
export type FoundKey = Key | Refusal;

export class KeyLookup {
  /** All that the clients of this process have asked, also about client secrets. */
  readonly questions = new StoreQuestions();
  readonly #options: KeyLookupOptions;
  readonly #memory = new KeyMemory();
  readonly #ends = new KeyEnds();
  #indexed: FileKeys | undefined;

  constructor(options: KeyLookupOptions) {
    this.#options = options;
  }

  /** Finds the key that a credential of a client at this address is a secret of. Answers at once unless the store has to be asked. */
  find(credential: string, address = ''): FoundKey | Promise<FoundKey> {
    const digest = digestOf(credential);
    const own = this.#fileKeys().byDigest.get(digest);
    if (own !== undefined) return this.#found(own);
    return isKeySecret(credential) ? this.#stored({ digest }, address) : unknownKey;
  }

  /** Finds a key by its id, as `find` does. */
  withId(id: string): FoundKey | Promise<FoundKey> {
    const own = this.#fileKeys().byId.get(id);
    return own === undefined ? this.#stored({ id }) : this.#found(own);
  }

  /** Returns the key of a credential where that is known here: for what is told of a request that is refused. */
  known(credential: string): Key | undefined {
    const digest = digestOf(credential);
    return this.#fileKeys().byDigest.get(digest) ?? this.#memory.get({ digest })?.key;
  }

  /** Takes changes of stored keys, as the owner of the store told them. Returns the ids of those that are over, whose sessions have to end. */
  changed(changes: readonly StoredKey[]): readonly string[] {
    for (const change of changes) this.#memory.changed(change);
    const over = changes.filter(isOver).flatMap(({ key: { id } }) => (this.#fileKeys().byId.has(id) ? [] : [id]));
    this.#ends.tell(over);
    return over;
  }

  /** Watches for the end of a key that was found before, and may be over since then. */
  watchEnd(id: string): KeyEnd {
    return this.#ends.watch(id, this.isOver(id));
  }

  /** Tells whether a key that was found before is over since then. */
  isOver(id: string): boolean {
    return this.#memory.isOver(id) && !this.#fileKeys().byId.has(id);
  }

  #stored(asked: KeyQuestion, address?: string): FoundKey | Promise<FoundKey> {
    const remembered = this.#memory.get(asked);
    if (remembered === undefined)
      return this.#ask(asked, address).then((found) => (found === 'away' ? unavailable : this.#judged(found, asked)));
    if (this.#memory.isDue(remembered)) void this.#ask({ id: remembered.key.id });
    return this.#judged(remembered, asked);
  }

  async #ask(asked: KeyQuestion, address?: string): Promise<StoredKey | Away | undefined> {
    const { findKey } = this.#options;
    if (findKey === undefined) return undefined;
    return this.questions.ask({ text: `key ${JSON.stringify(asked)}`, address }, async () =>
      this.#memory.confirmed(asked, (await findKey(asked)) ?? undefined),
    );
  }

  #judged(found: StoredKey | undefined, asked: KeyQuestion): FoundKey {
    if (found === undefined || found.deletedAt !== undefined) return unknownKey;
    const { key, digest, oldDigest, oldUntil = 0, revokedAt } = found;
    if (this.#fileKeys().byId.has(key.id)) return unknownKey;
    if (revokedAt !== undefined) return revokedKey;
    const isPresent = 'id' in asked || asked.digest === digest || (asked.digest === oldDigest && oldUntil > Date.now());
    return isPresent ? this.#found(key) : rotatedKey;
  }

  #found(key: Key): FoundKey {
    const isExpired = key.expiresAt !== undefined && Date.parse(key.expiresAt) <= Date.now();
    return isExpired ? expiredKey(key.expiresAt ?? '') : boundByTeam(key, this.#options.teams?.() ?? {});
  }

  #fileKeys(): FileKeys {
    const keys = this.#options.fileKeys();
    if (this.#indexed?.keys !== keys) this.#indexed = indexed(keys);
    return this.#indexed;
  }
}

/** Leaves the secrets out: what is found goes to other processes. */
function indexed(keys: readonly FileKey[]): FileKeys {
  const pairs = keys.map(({ secret, ...key }) => [digestOf(secret), key] as const);
  return { keys, byDigest: new Map(pairs), byId: new Map(pairs.map(([, key]) => [key.id, key])) };
}

const isOver = ({ revokedAt, deletedAt }: StoredKey): boolean => (revokedAt ?? deletedAt) !== undefined;

const invalidKey = (message: string): Refusal => ({ status: 401, code: 'invalid_key', message });

const unknownKey = invalidKey('this key is not a key of this gateway');
/** The refusal of a key that is over. */
export const revokedKey = invalidKey('this key was revoked');
const rotatedKey = invalidKey('this secret of the key was replaced: expected the present one');
const expiredKey = (at: string): Refusal => invalidKey(`this key has expired at ${at}`);

const unavailable = notNow('whether this key is one of this gateway cannot be found out now');
