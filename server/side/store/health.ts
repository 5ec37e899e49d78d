// Knows whether the store takes what a call writes: from what its users meet, and from a write of its own where they write nothing.

import { performance } from 'node:perf_hooks';
import { type Store, StoreError } from './contract/store.ts';
import type { StoreFaultLog } from './fault-log.ts';

export type StoreHealth = ReturnType<typeof watchStore>;

/** Writes whose success says that the next call can be written down, too. What reads, or finds nothing to change, works on a full disk. */
const WRITES: readonly string[] = ['commitSessions', 'renewLease', 'settle', 'addTask'] satisfies (keyof Store)[];

/** Time without a write, after which one is tried. */
const IDLE_MS = 5000;
/** Time that a full disk counts though another write went well: where the last bytes are fought for, only some do. */
const HOLD_MS = 3000;
/** Time without an answer of the database. */
const HANG_MS = 3000;
/** Time after a fault within which what met it may wait to be tried again: longer than the pauses of gateway processes. */
const RETRIED_MS = 4000;

interface WatchOptions {
  /** Gets the store and makes one of the writes that users make. */
  readonly tryWrite: (store: Store) => Promise<void>;
  readonly faults: StoreFaultLog;
}

export function watchStore(store: Store, { tryWrite, faults }: WatchOptions) {
  let fault: { readonly code: StoreError['code']; readonly at: number } | undefined;
  let lastFault: typeof fault;
  let wroteAt = performance.now();
  let triedAt: number | undefined;
  let isStopped = false;
  let isClosed = false;

  function wrote(): void {
    wroteAt = performance.now();
    if (fault?.code === 'store_full' && wroteAt - fault.at <= HOLD_MS) return;
    fault = undefined;
    faults.wrote();
  }
  function failed(error: StoreError): void {
    fault = { code: error.code, at: performance.now() };
    lastFault = fault;
    faults.failed(error);
  }
  function observed(name: string, method: (...given: never[]) => Promise<unknown>) {
    return async (...given: never[]): Promise<unknown> => {
      if (name === 'close') isClosed = true;
      try {
        const result = await method(...given);
        if (WRITES.includes(name)) wrote();
        return result;
      } catch (error) {
        // Work that meets the end of the process says nothing of the store.
        if (error instanceof StoreError && !isClosed) failed(error);
        throw error;
      }
    };
  }
  const watched = Object.fromEntries(
    Object.entries(store).map(([name, member]) => [
      name,
      typeof member === 'function' ? observed(name, member) : member,
    ]),
  ) as unknown as Store;
  function write(): void {
    triedAt = performance.now();
    void tryWrite(watched)
      .catch(() => {})
      .finally(() => {
        triedAt = undefined;
      });
  }

  function look(): StoreError['code'] | undefined {
    const now = performance.now();
    if (!isStopped && triedAt === undefined && (fault !== undefined || now - wroteAt > IDLE_MS)) write();
    if (triedAt !== undefined && now - triedAt > HANG_MS) return 'store_unavailable';
    return fault?.code;
  }

  return {
    /** Does what the store does. */
    store: watched,
    /** Returns the code of what is wrong now, and tries a write where nothing is known. */
    look,
    /** Returns the code of the fault by which something that was handed over may not be written yet. */
    unwritten(): StoreError['code'] | undefined {
      const isRecent = lastFault !== undefined && performance.now() - lastFault.at < RETRIED_MS;
      return look() ?? (isRecent ? lastFault?.code : undefined);
    },
    /** Tries nothing any more. */
    stop(): void {
      isStopped = true;
    },
  };
}
