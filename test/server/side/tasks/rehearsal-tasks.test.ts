// Tests tasks without any configuration: those of a rehearsal session are planned, answered by the rehearsal gateway, and stored.

import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rehearsalTasks } from '../../../../server/config/rehearsal/rehearsal.ts';
import { isProblem } from '../../../../server/http/problem.ts';
import { type RunningRehearsal, startRehearsal } from '../../../../server/rehearsal/host.ts';
import { createPrices } from '../../../../server/side/billing/prices.ts';
import { createRouter } from '../../../../server/side/llm/router.ts';
import { openStore } from '../../../../server/side/store/open.ts';
import { planStart } from '../../../../server/side/tasks/plan.ts';
import { Runner } from '../../../../server/side/tasks/runner.ts';
import { readTaskRequest } from '../../../../server/side/tasks/task-request.ts';
import { sideConfig, storedSession, turn } from '../../../support/task-records.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { until } from '../../../support/until.ts';

let rehearsal: RunningRehearsal;
beforeAll(async () => {
  rehearsal = await startRehearsal();
});
afterAll(() => rehearsal.close());

test('a rehearsal session ends with all its results, each marked and with a row in the ledger', async () => {
  const config = {
    ...sideConfig({ gateways: {}, classes: {}, side: { pollMs: 20 } }),
    tasks: rehearsalTasks,
    hasRehearsalGateway: true,
  };
  const store = await openStore({ url: 'sqlite', dataDirectory: temporaryFolder('rehearsal') });
  const log = pino({ level: 'silent' });
  const rehearsalUrl = () => rehearsal.url.replace(/^ws/, 'http');
  const router = createRouter({ config, store, prices: createPrices({}), rehearsalUrl, log });
  const runner = new Runner({ config, store, router, log });

  const session = storedSession({ isRehearsal: true, promptClass: 'rehearsal' });
  await store.commitSessions({ started: [session], tasks: planStart(session, config) });
  await store.commitSessions({
    turns: [turn(session.id, 1, 'What are your opening hours?', 'We open at nine.')],
  });
  const ended = { id: session.id, endedAt: Date.now(), reason: 'client_left', record: undefined };
  await store.commitSessions({ ended: [ended], released: [{ session: session.id, runAt: Date.now() }] });
  runner.wake();

  const tasks = await until(async () => {
    const all = await store.tasks({ session: session.id, limit: 100 });
    return all.every(({ state }) => state !== 'queued' && state !== 'running') && all;
  });
  expect(tasks.map(({ kind, state, quality, isRehearsal }) => [kind, state, quality, isRehearsal]).sort()).toEqual(
    rehearsalTasks.map(({ kind }) => [kind, 'done', 'valid', true]).sort(),
  );
  const title = tasks.find(({ kind }) => kind === 'title')?.result ?? '';
  expect(JSON.parse(title)).toEqual({ title: 'What are your opening hours' });
  const rows = await store.ledger({ session: session.id, limit: 100 });
  expect(rows).toHaveLength(rehearsalTasks.length);
  for (const row of rows) {
    expect(row).toMatchObject({ kind: 'task', outcome: 'ok', quality: 'valid', isRehearsal: true, costMicroUsd: 0 });
    expect(row.path).toBe('routed');
  }

  const request = await readTaskRequest({
    body: { kind: 'action-items', text: 'Please call me tomorrow.', mode: 'sync' },
    config,
    key: undefined,
    team: undefined,
    findSession: async () => undefined,
  });
  if (isProblem(request)) throw new Error(request.message);
  await store.addTask(request.task);
  const done = await runner.run(request.task.id, new AbortController().signal);
  expect(JSON.parse(done?.result ?? '')).toEqual({
    items: [{ action: 'call me tomorrow', owner: 'assistant', due: 'tomorrow' }],
  });

  await runner.close(5000);
  await router.close();
  await store.close();
});
