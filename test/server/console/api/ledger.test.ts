// Requests of the page to the ledger.

import { expect, test } from 'vitest';
import { readLedger } from '../../../../server/console/api/ledger.ts';

const query = { by: ['class', 'day'], since: 0, until: 86_400_000 } as const;
const answering = (status: number, body: unknown) => (async () => Response.json(body, { status })) as typeof fetch;

test('the request names the days and fields and carries the key, and the rows are those of the answer', async () => {
  const asked: unknown[] = [];
  const get = (async (url: string, init?: RequestInit) => {
    asked.push(url, init?.headers);
    return Response.json({ rows: [{ by: ['a', ''], calls: 2, costMicroUsd: 5, unknownCosts: 1 }] });
  }) as typeof fetch;
  const report = await readLedger(get, query, 'k');
  expect(asked).toEqual([
    '/v1/ledger?by=class%2Cday&since=1970-01-01T00%3A00%3A00.000Z&until=1970-01-02T00%3A00%3A00.000Z',
    { accept: 'application/json', authorization: 'Bearer k' },
  ]);
  expect(report).toEqual({ kind: 'rows', rows: [{ by: ['a', ''], calls: 2, costMicroUsd: 5, unknownCosts: 1 }] });
});

test.each([
  [404, 'absent'],
  [503, 'absent'],
  [401, 'refused'],
  [500, 'failed'],
])('an answer of %d is read as %s', async (status, kind) => {
  expect(await readLedger(answering(status, {}), query, '')).toEqual({ kind });
});

test('a gateway that cannot be reached, or answers no JSON, has failed', async () => {
  const lost = (() => Promise.reject(new TypeError('Failed to fetch'))) as typeof fetch;
  expect(await readLedger(lost, query, '')).toEqual({ kind: 'failed' });
  expect(await readLedger((async () => new Response('<html>')) as typeof fetch, query, '')).toEqual({ kind: 'failed' });
});
