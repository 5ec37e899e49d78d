// Ids that sort by the time they were made: UUID version 7 (RFC 9562, section 5.7).

import { randomUUID } from 'node:crypto';

let lastMs = 0;
let counter = 0;

/** A UUID of version 7 that is larger than all before it in this process, also when the clock is set back. */
export function newId(): string {
  const now = Date.now();
  if (now > lastMs) {
    lastMs = now;
    // Starts in the lower half, so that it seldom runs over.
    counter = Math.floor(Math.random() * 0x800);
  } else if (++counter > 0xfff) {
    lastMs++;
    counter = 0;
  }
  const time = lastMs.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, '0')}-${randomUUID().slice(19)}`;
}
