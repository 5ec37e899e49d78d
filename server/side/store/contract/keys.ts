// The part of the store's contract that is about keys that are made at run time, and the audit log of what is ordered at run time.

import type { KeyQuestion, StoredKey } from '../../../ipc/stored-keys.ts';
import type { Tags } from '../../../ipc/stored-rows.ts';

type AuditAction =
  | `key.${'created' | 'changed' | 'rotated' | 'revoked' | 'deleted'}`
  | `config.${'reloaded' | 'refused'}`
  | 'gateway.restarted'
  | 'secret.created'
  | 'session.ended';

/** A line of the audit log: who did what, on whom, from where. It never holds a credential. */
export interface AuditEntry {
  /** UUID version 7. */
  readonly id: string;
  readonly at: number;
  /** `admin`, `signal`, or `key:` and the id of a key. */
  readonly actor: string;
  readonly action: AuditAction;
  /** Kind and id: `key:web`; `config` is that of the machine. */
  readonly subject: string;
  /** The address of who did it; undefined on the command line and for a signal. */
  readonly source?: string | undefined;
  readonly details?: Tags | undefined;
}

/** `until` is excluded. `before`: see `PageFilter`. */
export interface AuditFilter {
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  readonly action?: string | undefined;
  readonly subject?: string | undefined;
  readonly before?: string | undefined;
  readonly limit: number;
}

/** Time for which the id of a deleted key is not given again: all machines have learned of the deletion by then, and have ended its sessions. */
export const ID_KEPT_MS = 10_000;

export interface KeyStore {
  /** Deleted keys are known until their id is used again. */
  key(asked: KeyQuestion): Promise<StoredKey | undefined>;
  /** Those that are not deleted, by id, after that of the page before. */
  keys(page: { readonly after?: string | undefined; readonly limit: number }): Promise<readonly StoredKey[]>;
  /** Those with budgets of their own that are neither revoked nor deleted, the ones that were changed last first. */
  keysWithBudgets(limit: number): Promise<readonly StoredKey[]>;
  /** Adds a key, whose `version` is given here. False when there is one of this id, or was one `ID_KEPT_MS` before it. */
  addKey(key: StoredKey, entry: AuditEntry): Promise<boolean>;
  /**
   * Writes a key in the place of the one that has its id and its `version`. False when that was changed since then. The client secrets of a key
   * that is deleted go with it.
   */
  replaceKey(key: StoredKey, entry: AuditEntry): Promise<boolean>;
  /** Gives the count of changes, and the keys that were changed after `since` in their order, a thousand at most; undefined: none. */
  keyChanges(since: number | undefined): Promise<KeyChanges>;
  /** Writes an entry of its own, for what changes no key. */
  addAudit(entry: AuditEntry): Promise<void>;
  /** Lists the newest first. */
  audit(filter: AuditFilter): Promise<readonly AuditEntry[]>;
}

export interface KeyChanges {
  readonly version: number;
  readonly keys: readonly StoredKey[];
}
