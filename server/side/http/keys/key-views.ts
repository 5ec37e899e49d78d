// JSON views of keys. No secret, and no digest of one, is in them.

import type { FileKey } from '../../../config/config.ts';
import type { StoredKey } from '../../../ipc/stored-keys.ts';
import { isoTime } from '../views.ts';

/** `hidden`: the configuration has a key of the same id, which counts. */
type KeyState = 'active' | 'expired' | 'revoked' | 'hidden';

export function fileKeyView({ secret: _, ...key }: FileKey): object {
  const state: KeyState = isPast(key.expiresAt) ? 'expired' : 'active';
  return { ...key, source: 'file', state };
}

export function storedKeyView(stored: StoredKey, isHidden: boolean): object {
  const { key, oldUntil, createdAt, changedAt, revokedAt } = stored;
  const isOldKept = oldUntil !== undefined && oldUntil > Date.now();
  return {
    ...key,
    source: 'stored',
    state: stateOf(stored, isHidden),
    createdAt: isoTime(createdAt),
    changedAt: isoTime(changedAt),
    ...(isOldKept && { oldSecretUntil: isoTime(oldUntil) }),
    ...(revokedAt !== undefined && { revokedAt: isoTime(revokedAt) }),
  };
}

function stateOf({ key, revokedAt }: StoredKey, isHidden: boolean): KeyState {
  if (isHidden) return 'hidden';
  if (revokedAt !== undefined) return 'revoked';
  return isPast(key.expiresAt) ? 'expired' : 'active';
}

const isPast = (expiresAt: string | undefined): boolean =>
  expiresAt !== undefined && Date.parse(expiresAt) <= Date.now();
