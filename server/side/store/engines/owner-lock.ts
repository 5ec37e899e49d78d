// One process owns a SQLite store. The system holds the lock for the process, so that it is gone however the process ends.

import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** Takes the lock, or throws; `release` gives it back, once or more. The file stays, empty. */
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
