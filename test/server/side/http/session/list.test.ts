// The list of sessions over real processes: a key sees its own, open and ended, and the operator sees all.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { openClient } from '../../../../support/gateway.ts';
import { killAll } from '../../../../support/processes.ts';
import { type FakeProvider, startProvider } from '../../../../support/provider.ts';
import { type Served, serve } from '../../../../support/served.ts';
import { until } from '../../../../support/until.ts';

const KEYS = [
  { id: 'web', secret: 'secret-of-web' },
  { id: 'other', secret: 'secret-of-other', endUser: 'anna', tags: { place: 'shop:1', '"quoted"': '100 %' } },
];
const ID = (last: number) => `00000000-0000-4000-8000-00000000000${last}`;

interface Listed {
  readonly sessions: readonly Readonly<Record<string, unknown>>[];
  readonly next: string | null;
}
let provider: FakeProvider;
let served: Served;
/** Time between the starts of the second session and the third. */
let between: string;

beforeAll(async () => {
  provider = await startProvider();
  served = await serve({ provider: provider.url, keys: KEYS, side: { processes: 2 } });
  await open(1, 'gpt-realtime-2.1', 'secret-of-web').then((client) => client.close());
  await stored(1, ({ state }) => state === 'closed');
  await open(2, 'gpt-realtime-2.1', 'secret-of-web');
  await stored(2);
  between = new Date().toISOString();
  await open(3, 'gpt-realtime-mini', 'secret-of-web');
  await open(4, 'gpt-realtime-2.1', 'secret-of-other');
  await Promise.all([stored(3), stored(4)]);
});
afterAll(async () => {
  if (served?.child.exitCode === null) killAll(served.child);
  await served?.exited;
  await provider?.close();
});

/** Opens a session in a millisecond of its own. */
async function open(last: number, model: string, secret: string) {
  await new Promise((resolve) => setTimeout(resolve, 2));
  const url = `${served.url}/v1/realtime?model=${model}&trunkline-session=${ID(last)}`;
  return openClient(url, { headers: { authorization: `Bearer ${secret}` } });
}

const stored = (last: number, is: (seen: Listed['sessions'][number]) => boolean = () => true) =>
  until(async () => (await byOperator('limit=10')).sessions.some((seen) => seen.id === ID(last) && is(seen)));

async function list(url: string, secret?: string): Promise<Listed> {
  const headers: HeadersInit = secret === undefined ? {} : { authorization: `Bearer ${secret}` };
  const answer = await fetch(url, { headers });
  expect(answer.status).toBe(200);
  return (await answer.json()) as Listed;
}
const byKey = (query = '', secret = 'secret-of-web') =>
  list(`${served.url.replace('ws', 'http')}/v1/sessions?${query}`, secret);
const byOperator = (query: string) => list(`${served.admin}/sessions?${query}`);
const ids = ({ sessions }: Listed) => sessions.map(({ id }) => id);

test('a key sees its own sessions, open and ended, newest first, without what was measured in them', async () => {
  const seen = await byKey();
  expect(ids(seen)).toEqual([ID(3), ID(2), ID(1)]);
  expect(seen.next).toBeNull();
  expect(seen.sessions[2]).toMatchObject({
    ...{ state: 'closed', key: 'web', provider: 'openai', route: '/v1/realtime', model: 'gpt-realtime-2.1' },
    ...{ reason: 'client-closed', durationMs: expect.any(Number), endedAt: expect.any(String), isRehearsal: false },
  });
  for (const session of seen.sessions) expect(Object.keys(session)).not.toContain('residenceUs');
  expect(ids(await byKey('', 'secret-of-other'))).toEqual([ID(4)]);
});

test('they are filtered by state, time and model, and come in pages', async () => {
  expect(ids(await byKey('state=open'))).toEqual([ID(3), ID(2)]);
  expect(ids(await byKey('state=closed'))).toEqual([ID(1)]);
  expect(ids(await byKey('model=gpt-realtime-mini'))).toEqual([ID(3)]);
  expect(ids(await byKey(`since=${between}`))).toEqual([ID(3)]);
  expect(ids(await byKey(`until=${between}`))).toEqual([ID(2), ID(1)]);
  const page = await byKey('limit=2');
  expect([ids(page), page.next]).toEqual([[ID(3), ID(2)], ID(2)]);
  expect(ids(await byKey(`limit=2&before=${page.next}`))).toEqual([ID(1)]);
});

test('they are filtered by end user and tag, which the key says', async () => {
  expect(ids(await byKey('endUser=anna', 'secret-of-other'))).toEqual([ID(4)]);
  expect(ids(await byKey('endUser=bob', 'secret-of-other'))).toEqual([]);
  expect(ids(await byKey('tag=place:shop:1', 'secret-of-other'))).toEqual([ID(4)]);
  for (const tag of ['place:shop', 'lace:shop:1', 'Place:shop:1'])
    expect(ids(await byKey(`tag=${tag}`, 'secret-of-other'))).toEqual([]);
  expect(ids(await byOperator('endUser=anna'))).toEqual([ID(4)]);
});

test('the operator sees those of all keys, or of one; without a query those that live', async () => {
  expect(ids(await byOperator('limit=10'))).toEqual([ID(4), ID(3), ID(2), ID(1)]);
  expect(ids(await byOperator('key=other'))).toEqual([ID(4)]);
  const live = await list(`${served.admin}/sessions`);
  expect([...ids(live)].sort()).toEqual([ID(2), ID(3), ID(4)]);
  expect(live.sessions[0]).toHaveProperty('residenceUs');
});

test.each([
  ['state=gone', 'state', 'expected one of open, closed, got "gone"'],
  ['limit=0', 'limit', 'expected a number from 1 to 1000, got "0"'],
  ['tag=alone', 'tag', 'expected name:value, got "alone"'],
  ['since=soon', 'since', expect.stringContaining('got "soon"')],
])('the query %s is refused', async (query, field, message) => {
  const headers = { authorization: 'Bearer secret-of-web' };
  const answer = await fetch(`${served.url.replace('ws', 'http')}/v1/sessions?${query}`, { headers });
  expect([answer.status, await answer.json()]).toMatchObject([400, { error: { field, message } }]);
});
