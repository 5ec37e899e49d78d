// Random bytes for keys and masks, taken from many at once: a call for a few of them costs more than what they are for.

import { randomFillSync } from 'node:crypto';

const pool = Buffer.allocUnsafeSlow(2048);
let used = pool.length;

/** Returns so many bytes (64 at most), which are given to nobody else. They are to be used at once: the memory is filled anew. */
export function takeRandomBytes(length: number): Buffer {
  if (used + length > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += length;
  return pool.subarray(used - length, used);
}
