// The verdict from measurements that are known: the table says them, and the paths follow from them.

import { expect, test } from 'vitest';
import { DOWNSTREAM, UPSTREAM } from '../../../../bench/benches/route-verdict/events.ts';
import { describeVerdict, type VerdictData } from '../../../../bench/benches/route-verdict/report.ts';

const row = (by: readonly string[], calls: number, costMicroUsd: number, unknownCosts = 0) => ({
  ...{ by, calls, costMicroUsd, unknownCosts, savedMicroUsd: 0 },
});

const measured: VerdictData = {
  direct: {
    ...{ sessions: 12, eventsSent: 26, eventsUnmodified: 26, askedOthers: 4, refusedOthers: 4, leakedOthers: 0 },
    ...{ credentialsSeen: 0, toldMs: 2, recoveredMs: 6, controlMs: 0.4 },
  },
  routed: {
    listed: { router: ['small', 'large', 'other'], contract: ['own'] },
    offered: ['small', 'large', 'own'],
    answered: ['small', 'large', 'own'],
    fallback: { recoveredMs: 3, calls: 50, failed: 0, backMs: undefined },
    noFallback: { recoveredMs: undefined, calls: 50, failed: 50, backMs: 4500 },
    refusals: { asked: 4, refused: 4, leaked: 0 },
    regulated: { asked: 10, answered: 10, cameToRouter: 0 },
    requestFields: { sent: 15, same: 14, changed: ['user'] },
    answerFields: { sent: 6, same: 6 },
    attemptsSeen: 120,
  },
  frames: { p50: 0.2, p99: 0.9 },
  calls: { p50: 0.4, p99: 1.5 },
  ledger: [
    row(['conversation', 'direct', 'realtime', 'ok'], 12, 6000, 2),
    row(['commodity', 'routed', 'chat', 'ok'], 100, 4300),
    row(['contract', 'direct', 'chat', 'unavailable'], 50, 0),
  ],
};
const tablesOf = (data: VerdictData) => describeVerdict(data).tables;
const cells = (data: VerdictData, name: string) => tablesOf(data)[0]?.rows.find(([first]) => first === name);
const pathOf = (data: VerdictData, name: string) =>
  tablesOf(data)[1]?.rows.find(([first]) => `${first}`.startsWith(name))?.[1];

test('every question of the team has a row, and every cell says what was measured', () => {
  const names = tablesOf(measured)[0]?.rows.map(([name]) => name);
  expect(names).toHaveLength(8);
  const text = JSON.stringify(tablesOf(measured));
  expect(text).not.toMatch(/NaN|undefined|null/);
  expect(cells(measured, 'native feature depth')?.[1]).toBe('26 of 26 events byte for byte, both ways');
  expect(cells(measured, 'fallback: the target dies')?.[2]).toBe('call: answered again after 3 ms (0 of 50 failed)');
  expect(cells(measured, 'compliance')?.[2]).toBe('regulated calls: 0 of 10 came to the router');
});

test('costs are means of the known ones, and the unknown ones are counted', () => {
  expect(cells(measured, 'cost for each call or session')).toEqual([
    'cost for each call or session',
    'conversation (sessions): 600 micro-USD (10, 2 unknown)',
    'commodity: 43 micro-USD (100)',
  ]);
});

test('the recommended paths follow from the measurements', () => {
  expect(pathOf(measured, 'commodity')).toBe('routed');
  const { routed, direct } = measured;
  const helpless = { ...measured, routed: { ...routed, fallback: routed.noFallback } };
  expect(pathOf(helpless, 'commodity')).toBe('direct');
  const leaking = { ...measured, routed: { ...routed, regulated: { asked: 10, answered: 10, cameToRouter: 1 } } };
  expect(pathOf(measured, 'regulated')).toBe('direct');
  expect(pathOf(leaking, 'regulated')).toBe('none as it is');
  const changing = { ...measured, direct: { ...direct, eventsUnmodified: 25 } };
  expect(pathOf(changing, 'conversation')).toBe('none as it is');
});

test('the events of both directions are JSON, and would not survive a parse and stringify', () => {
  const all = [...UPSTREAM, ...DOWNSTREAM];
  expect(all.filter((text) => JSON.stringify(JSON.parse(text)) === text)).toEqual([]);
});
