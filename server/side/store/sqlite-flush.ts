// Brings SQLite's write-ahead log to the disk, in a thread of libuv: the process that answers calls never waits in a system call for it.
// What `synchronous = full` does inside of each commit happens here behind it.

import { close, fdatasync, openSync } from 'node:fs';
import { promisify } from 'node:util';
import { faultOf } from './sqlite-fault.ts';

const sync = promisify(fdatasync);

export interface Flusher {
  /** Resolves when all that was committed before is on the disk; those who ask meanwhile share the next wait. Rejects with a StoreError. */
  flush(): Promise<void>;
  /** When nobody waits any more. */
  close(): void;
}

/** `path`: of the database, which is open and has its log beside it for as long. */
export function createFlusher(path: string): Flusher {
  let descriptor: number | undefined;
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;

  function begin(): Promise<void> {
    running = bring().finally(() => {
      running = undefined;
    });
    return running;
  }

  async function bring(): Promise<void> {
    try {
      descriptor ??= openSync(`${path}-wal`, 'r+');
      await sync(descriptor);
    } catch (error) {
      throw faultOf(error);
    }
  }

  async function afterThis(): Promise<void> {
    await running?.catch(() => {});
    next = undefined;
    return begin();
  }

  return {
    flush() {
      if (running === undefined) return begin();
      next ??= afterThis();
      return next;
    },
    close() {
      if (descriptor !== undefined) close(descriptor, () => {});
      descriptor = undefined;
    },
  };
}
