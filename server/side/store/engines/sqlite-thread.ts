// The SQLite store of a process, which a worker thread owns (`sqlite-worker.ts`); a second one reads what takes long. A thread that dies takes
// the process with it: it would have nothing to write to.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { entry } from '../../../platform/entry.ts';
import { type LongReads, type Store, StoreError } from '../contract/store.ts';
import { askedStore, resultOf, type StoreAnswer, type StoreCall } from './store-calls.ts';

/** The part of the store that a thread opens: all of it, as its owner, or long reads beside that. */
export interface SqliteThreadOptions {
  readonly dataDirectory: string;
  readonly part: 'all' | 'long-reads';
  /** See `StoreLocation`. */
  readonly isAlone?: boolean | undefined;
}

interface Reply {
  readonly id: number;
  readonly answer: StoreAnswer;
}

/** Rejects as `openStore` does. */
export async function startSqliteThread(location: Omit<SqliteThreadOptions, 'part'>): Promise<Store> {
  const { dataDirectory } = location;
  const store = await startThread({ ...location, part: 'all' });
  let reading: Promise<LongReads> | undefined;
  // The second thread begins with the first report.
  const reader = (): Promise<LongReads> => {
    reading ??= startThread({ dataDirectory, part: 'long-reads' }).catch((error: unknown) => {
      reading = undefined;
      throw error;
    });
    return reading;
  };
  return {
    ...store,
    report: async (...asked) => (await reader()).report(...asked),
    moments: async (...asked) => (await reader()).moments(...asked),
    async close() {
      await (await reading?.catch(() => undefined))?.close();
      await store.close();
    },
  };
}

async function startThread(workerData: SqliteThreadOptions): Promise<Store> {
  const worker = new Worker(entry('side/store/engines/sqlite-worker'), { workerData });
  const asked = new Map<number, (answer: StoreAnswer) => void>();
  let lastId = 0;
  let isClosed = false;
  const ask = (call: StoreCall): Promise<StoreAnswer> => {
    if (isClosed) return Promise.reject(new StoreError('store_unavailable', new Error('closed')));
    return new Promise((resolve) => {
      // The thread keeps the process alive only while somebody waits for it.
      if (asked.size === 0) worker.ref();
      asked.set(++lastId, resolve);
      worker.postMessage({ id: lastId, call });
    });
  };
  const [{ answer }] = (await once(worker, 'message')) as [Reply];
  worker.on('message', (reply: Reply) => {
    asked.get(reply.id)?.(reply.answer);
    asked.delete(reply.id);
    if (asked.size === 0) worker.unref();
  });
  worker.unref();
  try {
    const store = askedStore('sqlite', resultOf(answer) as readonly string[], ask);
    return {
      ...store,
      async close() {
        if (isClosed) return;
        const closing = store.close();
        isClosed = true;
        await closing;
        await worker.terminate();
      },
    };
  } catch (error) {
    await worker.terminate();
    throw error;
  }
}
