// Makes StoreErrors of SQLite's errors.

import { StoreError } from '../contract/store.ts';

export const SQLITE_BUSY = 5;
const FULL = 13;
/** SQLITE_CORRUPT and SQLITE_NOTADB. */
const DAMAGED = [11, 26];

/** Primary result code of SQLite, https://www.sqlite.org/rescode.html. */
export const primaryCode = (error: unknown) => ((error as { errcode?: number }).errcode ?? 0) & 0xff;

/** Runs `work` and turns what it throws into a StoreError. */
export function withStoreErrors<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw storeErrorOf(error);
  }
}

export function storeErrorOf(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  if (primaryCode(error) === FULL || (error as NodeJS.ErrnoException).code === 'ENOSPC')
    return new StoreError('store_full', error);
  return new StoreError(DAMAGED.includes(primaryCode(error)) ? 'store_damaged' : 'store_unavailable', error);
}
