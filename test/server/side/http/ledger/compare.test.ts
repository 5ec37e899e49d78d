// Comparisons: intervals against a worked example, verdicts that say when nothing can be told, over HTTP and on the command line's path.

import { expect, test } from 'vitest';
import { differenceOf } from '../../../../../server/side/http/ledger/compare.ts';
import { openStore } from '../../../../../server/side/store/open.ts';
import { startSideHttp } from '../../../../support/side-http.ts';
import { aSettled } from '../../../../support/side-records.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';

test('the interval is that of Welch: a worked example with 25.0 degrees of freedom', () => {
  const {
    difference = 0,
    low = 0,
    high = 0,
  } = differenceOf({ rows: 15, mean: 20.8, variance: 7.9 }, { rows: 15, mean: 23, variance: 3.8 }) ?? {};
  expect([difference, low, high].map((value) => Number(value.toFixed(2)))).toEqual([2.2, 0.38, 4.02]);
});

test('too few rows give no interval, and equal ones without variance one of nothing', () => {
  expect(differenceOf({ rows: 9, mean: 1, variance: 1 }, { rows: 99, mean: 9, variance: 1 })).toBeUndefined();
  const same = { rows: 10, mean: 1, variance: 0 };
  expect(differenceOf(same, same)).toEqual({ difference: 0, low: 0, high: 0 });
});

test('two targets of a key are compared by each measure; other keys are not in it', async () => {
  const store = await openStore({ url: 'sqlite', dataDirectory: temporaryFolder('compare') });
  const side = await startSideHttp({ file: { keys: [{ id: 'demo', secret: 'secret-of-demo' }] }, store });
  const rows = Array.from({ length: 20 }, (_, at) => [
    aSettled(`a${at}`, 100 + (at % 3), { target: 'r/small', score: 0.4 + (at % 4) / 20, latencyMs: 50 + (at % 5) }),
    aSettled(`b${at}`, 200 + (at % 3), { target: 'r/large', score: 0.9, latencyMs: 50 + ((at + 2) % 5) }),
    aSettled(`c${at}`, 9000, { target: 'r/small', key: 'other' }),
  ]).flat();
  await store.settle(rows.map((row) => ({ row, budgets: [], reservedMicroUsd: 0 })));
  const ask = async (query: string) =>
    (await side.ask(`/v1/ledger?${query}`, { key: 'secret-of-demo' })).json() as Promise<{
      measures: readonly { measure: string; verdict: string; a: { rows: number; mean?: number } }[];
    }>;
  const { measures } = await ask('compare=r/small,r/large');
  expect(measures.map(({ measure, verdict }) => [measure, verdict])).toEqual([
    ['score', 'b is higher'],
    ['feedback', 'cannot be told: fewer than 10 rows'],
    ['costMicroUsd', 'b is higher'],
    ['latencyMs', 'cannot be told: the interval holds zero'],
    ['ok', 'the same'],
  ]);
  const { measures: misnamed } = await ask('compare=small,r/large');
  expect(new Set(misnamed.map(({ verdict }) => verdict))).toEqual(
    new Set(['cannot be told: no row has the target small']),
  );
  expect(measures[2]?.a).toEqual({ rows: 20, mean: expect.closeTo(100.95, 6) });
  expect(await ask('compare=r/small')).toMatchObject({ error: { code: 'invalid_request' } });
  expect(await ask('compare=a,b&by=day')).toMatchObject({ error: { code: 'invalid_request' } });
  await side.close();
  await store.close();
});
