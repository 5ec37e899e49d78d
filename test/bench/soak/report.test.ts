// The report of a soak, and when it is clean.

import { expect, test } from 'vitest';
import { reportSoak, type Soak } from '../../../bench/soak/report.ts';

const MIB = 2 ** 20;
const held = { sessions: 0, upgrades: 0, sockets: 4, timers: 6, reservedMicroUsd: 0, lagMs: 3 };
const processAt = (mib: number, files = 20) => [{ pid: 1, role: 'side', rssBytes: mib * MIB, files }];

/** Half an hour whose side process holds so much after so many hours. */
function soakOf(mibAt: (hours: number) => number, after: Partial<NonNullable<Soak['after']>> = {}): Soak {
  const looks = Array.from({ length: 360 }, (_, index) => ({
    at: 5000 * (index + 1),
    held: { ...held, sessions: 200, sockets: 400 },
    processes: processAt(mibAt((5000 * index) / 3_600_000)),
    counts: { opened: index },
  }));
  const before = { held, processes: processAt(100) };
  return { before, looks, after: { held, processes: processAt(100), providerSockets: 0, ...after } };
}

test('a soak that leaves nothing and does not grow is clean', () => {
  const { text, isClean } = reportSoak(soakOf((hours) => 150 + 0.1 * Math.sin(100 * hours)));
  expect(isClean).toBe(true);
  expect(text).toContain('30 minutes: 359 opened');
  expect(text).toContain('left behind: nothing');
});

test('one that grows is not', () => {
  const { text, isClean } = reportSoak(soakOf((hours) => 141 + 43 * hours));
  expect(isClean).toBe(false);
  expect(text).toMatch(/\| side \| [\d.]+ to [\d.]+ \| 43\.0 \(/);
});

test('neither is one that leaves sockets, files, money or sessions behind', () => {
  const more = { ...held, sockets: 6, reservedMicroUsd: 70, sessions: 1 };
  const { text, isClean } = reportSoak(
    soakOf(() => 150, { held: more, processes: processAt(150, 23), providerSockets: 1 }),
  );
  expect(isClean).toBe(false);
  expect(text).toContain(
    'left behind: 1 sessions, 2 sockets, 70 reservedMicroUsd, 3 files of the side, 1 sockets of the provider',
  );
});

test('nor one whose loops were late', () => {
  const soak = soakOf(() => 150);
  const looks = soak.looks.map((look, index) => (index === 100 ? { ...look, held: { ...held, lagMs: 51 } } : look));
  expect(reportSoak({ ...soak, looks })).toMatchObject({ isClean: false, text: expect.stringContaining('51 ms late') });
});
