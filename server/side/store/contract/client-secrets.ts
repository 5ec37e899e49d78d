// The part of the store's contract that is about client secrets. Uses are counted here alone, so that they are exact over all processes and
// machines.

import type { SecretUse, StoredSecret } from '../../../ipc/stored-keys.ts';
import type { AuditEntry } from './keys.ts';

/** Time for which an expired secret is kept: so long its client is told why, and sees its session. */
export const SECRET_KEPT_MS = 24 * 60 * 60 * 1000;

export interface ClientSecrets {
  /** Adds it and its entry; nothing, and returns false, where its key has about `most` that have not expired (those added at once are not told apart). */
  addSecret(secret: StoredSecret, most: number, entry?: AuditEntry): Promise<boolean>;
  secret(digest: string): Promise<StoredSecret | undefined>;
  /** Takes one use, of which each call takes another. */
  useSecret(digest: string, now: number): Promise<SecretUse>;
  /** Gives a use back that opened no session. */
  returnSecret(digest: string): Promise<void>;
  /** Forgets those that expired `SECRET_KEPT_MS` ago. Returns how many. */
  removeExpiredSecrets(now: number): Promise<number>;
}
