// Lets one instance own a SQLite store. The operating system holds the lock, so that it is gone however the process ends. Rule: an instance that was
// started by the one before it works beside that, and gets the lock once that is gone.

import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

interface OwnerLock {
  release(): void;
}

/** Interval of the tries to get a lock that another instance has. */
const RETRY_MS = 100;

/** Takes the lock, or throws. The file stays, empty, when the lock is released. */
export function lockOwner(path: string): OwnerLock {
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

/** Takes the lock as soon as it is free. */
export function awaitOwnerLock(path: string): OwnerLock {
  let lock: OwnerLock | undefined;
  const take = (): void => {
    try {
      lock = lockOwner(path);
      clearInterval(timer);
    } catch {
      // The other instance still has it.
    }
  };
  const timer = setInterval(take, RETRY_MS).unref();
  take();
  return {
    release() {
      clearInterval(timer);
      lock?.release();
    },
  };
}
