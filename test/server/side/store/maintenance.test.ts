// Tests what the store is asked to remove, by the setting `transcripts`, and when.

import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { OldRows, RetentionRule } from '../../../../server/side/store/contract/store.ts';
import { retentionRule, startMaintenance } from '../../../../server/side/store/maintenance.ts';
import { until } from '../../../support/until.ts';

const DAY = 86_400_000;
const runs = { keepMs: 600_000, orphanMs: 120_000, maxBytes: 1e6, totalBytes: 1e7, storeMs: DAY };
const sweepResponses = async (): Promise<number> => 0;

test('a duration keeps texts that long', () => {
  expect(retentionRule('P30D')(100 * DAY)).toEqual({ kind: 'older', than: 70 * DAY });
});

test.each(['off', 'until-tasks-done'])('the setting %s keeps texts until no task needs them', (transcripts) => {
  expect(retentionRule(transcripts)(0)).toEqual({ kind: 'tasks-done' });
});

test('runs at once and again, goes on after a failure, and stops', async () => {
  const startedAt = Date.now();
  const lost: number[] = [];
  const deleted: OldRows[] = [];
  let sweeps = 0;
  const lines: string[] = [];
  const store = {
    settleLost: async (now: number) => lost.push(now),
    sweepResponses,
    sweep: async () => {
      sweeps += 1;
      if (sweeps === 1) throw new Error('disk full');
      return 0;
    },
    removeExpiredIds: async () => 0,
    removeOldLimits: async () => {},
    removeExpiredSecrets: async () => 0,
    removeExpiredMoved: async () => 0,
    deleteOld: async (rows: OldRows) => deleted.push(rows),
  };
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line).msg) });
  const stop = startMaintenance({ store, config: { transcripts: 'off', keep: {}, runs }, everyMs: 1, log });
  await until(() => sweeps >= 3);
  stop();
  expect(lines).toEqual(['maintenance of the store failed']);
  expect(Math.min(...lost)).toBeGreaterThanOrEqual(startedAt);
  expect(deleted).toEqual([]);
});

test('goes by the durations in force when it looks', async () => {
  const rules: string[] = [];
  const deleted: OldRows[] = [];
  const store = {
    settleLost: async () => 0,
    sweepResponses,
    sweep: async ({ kind }: RetentionRule) => rules.push(kind),
    removeExpiredIds: async () => 0,
    removeOldLimits: async () => {},
    removeExpiredSecrets: async () => 0,
    removeExpiredMoved: async () => 0,
    deleteOld: async (rows: OldRows) => deleted.push(rows),
  };
  const config: Parameters<typeof startMaintenance>[0]['config'] = { transcripts: 'off', keep: {}, runs };
  const stop = startMaintenance({ store, config, everyMs: 1, log: pino({ level: 'silent' }) });
  await until(() => rules.length > 0);
  Object.assign(config, { transcripts: 'P30D', keep: { tasks: 'P90D' } });
  await until(() => rules.at(-1) === 'older' && deleted.at(-1)?.of === 'task');
  stop();
});

test('says nothing of a store that is closed in the middle of it', async () => {
  const lines: string[] = [];
  const close = Promise.withResolvers<never>();
  const store = {
    settleLost: () => close.promise,
    sweepResponses,
    sweep: async () => 0,
    removeExpiredIds: async () => 0,
    removeOldLimits: async () => {},
    removeExpiredSecrets: async () => 0,
    removeExpiredMoved: async () => 0,
    deleteOld: async () => 0,
  };
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  const stop = startMaintenance({ store, config: { transcripts: 'off', keep: {}, runs }, log });
  stop();
  close.reject(new Error('closed'));
  await new Promise((resolve) => setImmediate(resolve));
  expect(lines).toEqual([]);
});

test('rows are deleted by the durations that are configured, each by its own', async () => {
  const startedAt = Date.now();
  const deleted: OldRows[] = [];
  const store = {
    settleLost: async () => 0,
    sweepResponses,
    sweep: async () => 0,
    removeExpiredIds: async () => 0,
    removeOldLimits: async () => {},
    removeExpiredSecrets: async () => 0,
    removeExpiredMoved: async () => 0,
    deleteOld: async (rows: OldRows) => deleted.push(rows),
  };
  const config = { transcripts: 'off', keep: { ledger: 'P400D', tasks: 'P90D' }, runs } as const;
  const stop = startMaintenance({ store, config, log: pino({ level: 'silent' }) });
  await until(() => deleted.length === 2);
  stop();
  expect(deleted.map((rows) => rows.of)).toEqual(['ledger', 'task']);
  const now = (deleted[0]?.than as number) + 400 * DAY;
  expect(now).toBeGreaterThanOrEqual(startedAt);
  expect(deleted[1]?.than).toBe(now - 90 * DAY);
});
