// Lets one process own a SQLite store. The operating system holds the lock, so that it is gone however the process ends.

import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** Takes the lock, or throws. The file stays, empty, when the lock is released. */
export function lockOwner(path: string): { release(): void } {
  closeSync(openSync(path, 'a', 0o600));
  // Node has no file locks of its own; an open exclusive transaction of SQLite is one.
  const lock = new DatabaseSync(path, { timeout: 0 });
  try {
    lock.exec('begin exclusive');
  } catch (error) {
    lock.close();
    throw error;
  }
  return {
    release() {
      if (lock.isOpen) lock.close();
    },
  };
}
