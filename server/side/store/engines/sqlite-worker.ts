// The worker thread that has the SQLite store: no statement, and no wait for the disk, holds up the event loop of the process.

import { parentPort, workerData } from 'node:worker_threads';
import type { Store } from '../contract/store.ts';
import { openSqliteStore } from '../open.ts';
import { answerCall, answerOf, methodsOf, type StoreCall } from './store-calls.ts';

const port = parentPort;
if (port === null) throw new Error('expected a worker thread');

const opened = await answerOf(async () => {
  const store: Store = await openSqliteStore(workerData as string);
  port.on('message', async ({ id, call }: { readonly id: number; readonly call: StoreCall }) => {
    port.postMessage({ id, answer: await answerCall(store, call) });
  });
  return methodsOf(store);
});
port.postMessage({ id: 0, answer: opened });
