// Tests the lease of an instance: it is renewed, and sessions of lost instances are ended.

import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { StoredSession } from '../../../../server/ipc/stored-rows.ts';
import { holdInstanceLease } from '../../../../server/side/store/instance-lease.ts';
import { until } from '../../../support/until.ts';

function scripted(recovers: StoredSession[][] = []) {
  const calls: string[] = [];
  const untils: number[] = [];
  let fails = false;
  const lines: string[] = [];
  return {
    calls,
    untils,
    lines,
    fail: (yes: boolean) => {
      fails = yes;
    },
    log: pino({}, { write: (line: string) => void lines.push(JSON.parse(line).msg) }),
    store: {
      renewLease: async (owner: string, time: number) => {
        calls.push(`renew ${owner}`);
        untils.push(time);
        if (fails) throw new Error('no database');
      },
      recoverSessions: async (owner: string) => {
        calls.push(`recover ${owner}`);
        return recovers.shift() ?? [];
      },
      releaseLease: async (owner: string) => void calls.push(`leave ${owner}`),
    },
  };
}

const session = { id: 's' } as StoredSession;

test('holds the lease and ends what others left before it resolves', async () => {
  const { store, calls, untils, log } = scripted([[session]]);
  const recovered: string[] = [];
  const before = Date.now();
  const onRecovered = async (sessions: readonly StoredSession[]) =>
    void recovered.push(...sessions.map(({ id }) => id));
  const lease = await holdInstanceLease({ store, owner: 'me', leaseMs: 60_000, log, onRecovered });
  expect(calls).toEqual(['renew me', 'recover me']);
  expect(untils[0]).toBeGreaterThanOrEqual(before + 60_000);
  expect(recovered).toEqual(['s']);
  await lease.release();
  expect(calls.at(-1)).toBe('leave me');
});

test('renews the lease in time, also after the database was away, and looks for lost instances each time', async () => {
  const { store, calls, log, lines, fail } = scripted([[], [], [session]]);
  const recovered: string[] = [];
  const onRecovered = async (sessions: readonly StoredSession[]) =>
    void recovered.push(...sessions.map(({ id }) => id));
  const lease = await holdInstanceLease({ store, owner: 'me', leaseMs: 30, log, onRecovered });
  fail(true);
  await until(() => lines.includes('lease not renewed'));
  fail(false);
  await until(() => recovered.length === 1);
  lease.stop();
  const count = calls.length;
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(calls.length).toBeLessThanOrEqual(count + 2);
});

test('rejects when the store cannot be reached at the start', async () => {
  const { store, log, fail } = scripted();
  fail(true);
  const held = holdInstanceLease({ store, owner: 'me', leaseMs: 30, log, onRecovered: async () => {} });
  await expect(held).rejects.toThrow('no database');
});
