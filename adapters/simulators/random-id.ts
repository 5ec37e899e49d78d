// Random ids that look like those of the providers.

import { randomBytes } from 'node:crypto';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const POOL_BYTES = 4096;
let pool = Buffer.alloc(0);

/** `prefix` and so many letters and digits. 62 characters divide the values of a byte nearly evenly. */
export function createId(prefix: string, length = 21): string {
  // Every event has an id: random bytes are fetched for many at once.
  if (pool.length < length) pool = randomBytes(POOL_BYTES);
  let id = prefix;
  for (let i = 0; i < length; i++) id += ALPHABET[(pool[i] as number) % ALPHABET.length];
  pool = pool.subarray(length);
  return id;
}
