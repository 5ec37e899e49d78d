// Tests what the store is asked to remove, by the setting `transcripts`, and when.

import { pino } from 'pino';
import { expect, test } from 'vitest';
import { retentionRule, startMaintenance } from '../../../../server/side/store/maintenance.ts';
import { until } from '../../../support/until.ts';

const DAY = 86_400_000;

test.each([
  ['P30D', 30 * DAY],
  ['P2W', 14 * DAY],
  ['P1DT12H', 1.5 * DAY],
  ['PT90M', DAY / 16],
])('the setting %s keeps texts that long', (transcripts, ms) => {
  expect(retentionRule(transcripts)(100 * DAY)).toEqual({ kind: 'older', than: 100 * DAY - ms });
});

test.each(['off', 'until-tasks-done'])('the setting %s keeps texts until no task needs them', (transcripts) => {
  expect(retentionRule(transcripts)(0)).toEqual({ kind: 'tasks-done' });
});

test('runs at once and again, goes on after a failure, and stops', async () => {
  const startedAt = Date.now();
  const lost: number[] = [];
  let sweeps = 0;
  const lines: string[] = [];
  const store = {
    settleLost: async (now: number) => lost.push(now),
    sweep: async () => {
      sweeps += 1;
      if (sweeps === 1) throw new Error('disk full');
      return 0;
    },
    removeExpiredIds: async () => 0,
  };
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line).msg) });
  const stop = startMaintenance({ store, transcripts: 'off', everyMs: 1, log });
  await until(() => sweeps >= 3);
  stop();
  expect(lines).toEqual(['maintenance of the store failed']);
  expect(Math.min(...lost)).toBeGreaterThanOrEqual(startedAt);
});
