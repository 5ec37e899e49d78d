// A worker thread that has the SQLite store, or reads in it: no statement, and no wait for the disk, holds up the event loop of the process.

import { parentPort, workerData } from 'node:worker_threads';
import type { LongReads } from '../contract/store.ts';
import { openLongReads, openSqliteStore } from '../open.ts';
import type { SqliteThreadOptions } from './sqlite-thread.ts';
import { answerCall, answerOf, methodsOf, type StoreCall } from './store-calls.ts';

const port = parentPort;
if (port === null) throw new Error('expected a worker thread');

const { dataDirectory, part, isAlone } = workerData as SqliteThreadOptions;
const opened = await answerOf(async () => {
  const store: LongReads = await (part === 'all'
    ? openSqliteStore(dataDirectory, isAlone)
    : openLongReads(dataDirectory));
  port.on('message', async ({ id, call }: { readonly id: number; readonly call: StoreCall }) => {
    port.postMessage({ id, answer: await answerCall(store, call) });
  });
  return methodsOf(store);
});
port.postMessage({ id: 0, answer: opened });
