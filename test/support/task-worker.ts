// A process that runs tasks until it is killed. Its one argument is JSON: the store, the scripted LLM gateway, the lease. It says
// `ready` on stdout, and once a second, when nothing is queued or running any more, `idle`.

import { writeSync } from 'node:fs';
import { pino } from 'pino';
import { openStore, type StoreLocation } from '../../server/side/store/open.ts';
import { RETRY_POLICY } from '../../server/side/tasks/outcome.ts';
import { Runner } from '../../server/side/tasks/runner.ts';
import { plainRouter } from './plain-router.ts';
import { POISON, sideConfig } from './task-records.ts';

export interface WorkerOptions {
  readonly place: StoreLocation;
  readonly baseUrl: string;
  readonly leaseMs: number;
  readonly timeoutMs: number;
  readonly concurrency: number;
  /** Share of titles that are scored. */
  readonly scored?: number;
}

const {
  place,
  baseUrl,
  leaseMs,
  timeoutMs,
  concurrency,
  scored = 0,
} = JSON.parse(process.argv[2] ?? '') as WorkerOptions;
const store = await openStore(place);
const router = plainRouter({
  baseUrl,
  timeoutMs,
  before: ({ llm }) => {
    if (JSON.stringify(llm.messages).includes(POISON)) process.kill(process.pid, 'SIGKILL');
    return undefined;
  },
});
new Runner({
  config: sideConfig({
    side: { leaseMs, concurrency, pollMs: 20 },
    // Every kill counts as an attempt of all tasks that ran then.
    tasks: [
      { kind: 'title', class: 'plain', maxAttempts: 100 },
      { kind: 'summary', class: 'plain', maxAttempts: 3 },
      { kind: 'quality', class: 'plain', of: ['title'], sample: scored, maxAttempts: 100 },
    ],
    webhooks: [{ url: 'https://example.com/hook', secret: 'a-secret', events: ['task.done', 'task.failed'] }],
  }),
  store,
  router,
  log: pino({ level: 'silent' }),
  retryPolicy: { ...RETRY_POLICY, firstDelayMs: 20, maxDelayMs: 200 },
});
writeSync(1, 'ready\n');

setInterval(async () => {
  const [queued, running] = await Promise.all([
    store.tasks({ state: 'queued', limit: 1 }),
    store.tasks({ state: 'running', limit: 1 }),
  ]);
  if (queued.length + running.length === 0) writeSync(1, 'idle\n');
}, 250);
