// Tests that a store which fails is told in few lines, whoever meets it.

import { pino } from 'pino';
import { expect, test } from 'vitest';
import { faultOf } from '../../../../server/platform/log.ts';
import { StoreError } from '../../../../server/side/store/contract/store.ts';
import { StoreFaultLog, withoutStoreFaults } from '../../../../server/side/store/fault-log.ts';
import { until } from '../../../support/until.ts';

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly failures?: number;
  readonly code?: string;
  readonly reason?: string;
}

function logged() {
  const lines: Line[] = [];
  return { lines, log: pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line)) }) };
}

const away = () => new StoreError('store_unavailable', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }));

test('a store that fails has one line at first, and one when it works again', () => {
  const { lines, log } = logged();
  const faults = new StoreFaultLog(log);
  faults.wrote();
  for (let count = 0; count < 1000; count += 1) faults.failed(away());
  faults.wrote();
  faults.wrote();
  expect(lines).toMatchObject([
    { level: 50, code: 'store_unavailable', reason: 'ECONNREFUSED', failures: 1 },
    { level: 30, msg: 'the store works again' },
  ]);
  // One that comes and goes is told no more often.
  for (let count = 0; count < 1000; count += 1) {
    faults.failed(away());
    faults.wrote();
  }
  expect(lines).toHaveLength(2);
});

test('a store that goes on to fail has a line after each interval, with the failures since the last one', async () => {
  const { lines, log } = logged();
  const faults = new StoreFaultLog(log, 30);
  faults.failed(away());
  let sent = 0;
  await until(() => {
    faults.failed(away());
    sent += 1;
    return lines.length === 2;
  });
  expect(lines.map(({ failures }) => failures)).toEqual([1, sent]);
});

test('what others log about a fault of the store goes to the level debug, and nothing else does', () => {
  const { lines, log } = logged();
  const quiet = withoutStoreFaults(log);
  quiet.error(faultOf(away()), 'lease not renewed');
  quiet.warn({ attempt: 'a', ...faultOf(away()) }, 'attempt not settled');
  quiet.error(faultOf(new TypeError('x')), 'attempt failed unexpectedly');
  quiet.warn({ id: 's' }, 'unknown session');
  quiet.info(faultOf(away()), 'told');
  expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
    [20, 'lease not renewed'],
    [20, 'attempt not settled'],
    [50, 'attempt failed unexpectedly'],
    [40, 'unknown session'],
    [30, 'told'],
  ]);
});
