// Keys and client secrets of the store, and ids that belong to keys, as plain data that processes send each other. Times are milliseconds since
// the epoch; of secrets there are digests alone.

import type { SoundRates } from '../../adapters/realtime/contract/metering.ts';
import type { JsonObject } from '../../codecs/json/object.ts';
import type { Key } from '../config/config.ts';
import type { DataClass, OnBehalf } from './stored-rows.ts';

/** A key that was made at run time. Its secrets are kept as digests alone: see `digestOf`. */
export interface StoredKey {
  readonly key: Key;
  readonly digest: string;
  /** The secret before the present one, which still works until `oldUntil`. */
  readonly oldDigest?: string | undefined;
  readonly oldUntil?: number | undefined;
  readonly createdAt: number;
  readonly changedAt: number;
  /** The count of changes of all keys after its last one: a higher one is newer. */
  readonly version: number;
  readonly revokedAt?: number | undefined;
  readonly deletedAt?: number | undefined;
}

/** Names a key by its id, or by a digest that it has or had. */
export type KeyQuestion = { readonly id: string } | { readonly digest: string };

/** Asks the store; undefined where it has no such key. Rejects where it cannot be asked. */
export type FindKey = (asked: KeyQuestion) => Promise<StoredKey | undefined>;

/** An id that a provider handed out to a key, as a digest: see `Dialect.ids`. */
export interface HandedOutId {
  readonly digest: string;
  readonly key: string;
  /** Time after which it is forgotten. */
  readonly expiresAt: number;
}

/** The terms of a secret: they narrow what its key may, for the sessions that it opens. What is left out is as the key has it. */
export interface SecretTerms extends OnBehalf {
  readonly provider?: string | undefined;
  /** Name of the dialect; set where a session is pinned, which has the form of that dialect. */
  readonly dialect?: string | undefined;
  /** Patterns of `provider/model`. */
  readonly models?: readonly string[] | undefined;
  readonly maxSessionSeconds?: number | undefined;
  /** Time at which its sessions end, milliseconds since the epoch. */
  readonly endsAt?: number | undefined;
  /** The most that all of its sessions may cost together. */
  readonly maxUsd?: number | undefined;
  readonly class?: string | undefined;
  readonly dataClass?: DataClass | undefined;
  readonly callIds?: 'any' | undefined;
  /** Origins of the pages that may use it; a page of any other may not, nor whoever is none. */
  readonly origins?: readonly string[] | undefined;
  /** The part of the session's configuration that its client cannot change: see `SessionSubject.pinned`. */
  readonly session?: JsonObject | undefined;
  /** The session that the provider made for it, where only the provider can. */
  readonly made?: MadeSession | undefined;
}

/** A session that is there before its socket. */
interface MadeSession {
  /** The provider's URL of the socket, sealed with the secret. */
  readonly sealedUrl: string;
  readonly model?: string | undefined;
  /** Bytes of a second of sound. */
  readonly sound?: SoundRates | undefined;
}

/** A secret in the store. */
export interface StoredSecret {
  readonly digest: string;
  /** Its name in records and the ledger, which opens nothing. */
  readonly id: string;
  /** The id of the key that made it; undefined in open mode. */
  readonly key: string | undefined;
  readonly settings: SecretTerms;
  readonly usesLeft: number;
  readonly createdAt: number;
  /** Time until which sessions may be opened with it. */
  readonly expiresAt: number;
}

/** `granted`: it has one use less now. */
export type SecretUse = 'granted' | 'used' | 'expired' | 'unknown';

/** The owner of the store, as a process sees it that opens sessions with secrets. All methods reject where the store cannot be asked. */
export interface SecretStore {
  find(digest: string): Promise<StoredSecret | undefined>;
  /** Uses it up by one. */
  use(digest: string): Promise<SecretUse>;
  /** Gives one use back. */
  giveBack(digest: string): Promise<void>;
}
