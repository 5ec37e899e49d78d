// Checks that a gateway whose store has keys takes every credential only where its file says so: a file that has lost its keys says nothing.

import type { Config } from '../../config/config.ts';
import type { KeyStore } from '../store/contract/keys.ts';

/** Throws where everyone would be let in without `access: open` in the file, though keys were made at run time. */
export async function requireMeantAccess(
  { access, isAccessGiven }: Pick<Config, 'access' | 'isAccessGiven'>,
  keys: KeyStore['keys'],
): Promise<void> {
  if (access === 'keys' || isAccessGiven || (await keys({ limit: 1 })).length === 0) return;
  throw new Error(
    'access: expected keys or open, got none: the file has no keys, but the store has some that were made at run time, and everyone would be let in',
  );
}

/** The same for a store that was just opened, which is closed again before it throws. */
export async function closeUnlessMeant(
  store: Pick<KeyStore, 'keys'> & { close(): Promise<void> },
  config: Pick<Config, 'access' | 'isAccessGiven'>,
): Promise<void> {
  await requireMeantAccess(config, store.keys).catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
}
