// The lease of an instance: renewed while it lives, and the sessions of those that are gone are ended.

import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { StoredSession } from '../../../../server/ipc/records.ts';
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

test('it is held before it resolves, and what others left is ended then', async () => {
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

test('it is renewed in time, also after the database was away, and looks for lost instances each time', async () => {
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

test('a store that cannot be reached at the start is an error', async () => {
  const { store, log, fail } = scripted();
  fail(true);
  const held = holdInstanceLease({ store, owner: 'me', leaseMs: 30, log, onRecovered: async () => {} });
  await expect(held).rejects.toThrow('no database');
});
