// Stored keys for tests, with their secrets.

import type { Key } from '../../server/config/config.ts';
import { digestOf, newKeySecret } from '../../server/http/request/keys/secret-form.ts';
import type { StoredKey } from '../../server/ipc/stored-keys.ts';

/** Makes a key as the store has it. */
export function storedKeyOf(
  id: string,
  more: Partial<StoredKey> & { readonly settings?: Partial<Key> } = {},
): { readonly stored: StoredKey; readonly secret: string } {
  const { settings, ...rest } = more;
  const secret = newKeySecret();
  const made = { createdAt: 1000, changedAt: 1000, version: 1 };
  return { secret, stored: { key: { id, ...settings }, digest: digestOf(secret), ...made, ...rest } };
}
