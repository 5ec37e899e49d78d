// The end of a session by order, over real processes: its client is told in its dialect, both ends get their closes, and only those may
// order it who may see the session.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type WebSocket from 'ws';
import { openClient } from '../../../../support/gateway.ts';
import { closed, message } from '../../../../support/inbox.ts';
import { postgresForTests } from '../../../../support/postgres.ts';
import { killAll } from '../../../../support/processes.ts';
import { type FakeProvider, startProvider } from '../../../../support/provider.ts';
import { type Served, serve } from '../../../../support/served.ts';
import { until } from '../../../../support/until.ts';

const PATHS = {
  realtime: '/v1/realtime?model=gpt-realtime-2.1',
  live: '/v1/live/sessions',
  responses: '/v1/responses',
  gemini: '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent',
} as const;
const KEYS = [
  { id: 'web', secret: 'secret-of-web' },
  { id: 'other', secret: 'secret-of-other' },
];
let provider: FakeProvider;
let served: Served;

beforeAll(async () => {
  provider = await startProvider();
  served = await serve({ provider: provider.url, keys: KEYS, processes: 2, side: { processes: 2 } });
});
afterAll(async () => {
  if (served?.child.exitCode === null) killAll(served.child);
  await served?.exited;
  await provider?.close();
});

let count = 0;
async function open(path: keyof typeof PATHS = 'realtime') {
  const id = `00000000-0000-4000-8000-${String(++count).padStart(12, '0')}`;
  const url = `${served.url}${PATHS[path]}${PATHS[path].includes('?') ? '&' : '?'}trunkline-session=${id}`;
  const client = await openClient(url, { headers: { authorization: 'Bearer secret-of-web' } });
  return { id, client, atProvider: await provider.next() };
}

const post = (base: string, path: string, body?: string, headers: Record<string, string> = {}) =>
  fetch(base + path, {
    method: 'POST',
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body }),
  });
const byKey = (id: string, body?: string, secret = 'secret-of-web') =>
  post(served.url.replace('ws', 'http'), `/v1/sessions/${id}/end`, body, { authorization: `Bearer ${secret}` });
const byOperator = (id: string, body?: string) => post(served.admin, `/sessions/${id}/end`, body);
const listed = async () => {
  const answer = await fetch(`${served.admin}/sessions?limit=50`);
  return ((await answer.json()) as { sessions: { id: string; state: string }[] }).sessions;
};
const codeOf = async (answer: Response) => [answer.status, (await answer.json()).error.code];
const lastWords = async (client: WebSocket) => JSON.parse((await message(client)).data.toString());

describe('an order to end a session', () => {
  test('of the operator ends it with an event of the dialect, 4504 for the client and 1001 for the provider', async () => {
    const { id, client, atProvider } = await open();
    const answer = await byOperator(id, '{"reason":"the line is needed"}');
    expect([answer.status, await answer.json()]).toEqual([202, { id, state: 'closing' }]);
    expect(await lastWords(client)).toMatchObject({
      type: 'error',
      error: { type: 'invalid_request_error', code: 'ended_by_operator', message: 'the line is needed' },
    });
    expect(await closed(client)).toEqual({ code: 4504, reason: 'the line is needed' });
    expect((await closed(atProvider)).code).toBe(1001);
    const shown = await (await fetch(`${served.admin}/sessions/${id}`)).json();
    expect(shown).toMatchObject({ reason: 'ended-by-operator', closeCode: 4504, mayRetry: false });
    expect(await codeOf(await byOperator(id))).toEqual([409, 'session_ended']);
  });

  test('of its own key ends it without a body, and that of another key finds nothing', async () => {
    const { id, client } = await open();
    expect(await codeOf(await byKey(id, undefined, 'secret-of-other'))).toEqual([404, 'unknown_session']);
    expect(client.readyState).toBe(client.OPEN);
    expect((await byKey(id)).status).toBe(202);
    expect(await lastWords(client)).toMatchObject({ error: { message: 'the session was ended by its key' } });
    expect((await closed(client)).code).toBe(4504);
  });

  test.each([
    ['live', { type: 'error', error: { code: 'ended_by_operator' } }],
    ['responses', { type: 'error', status: 400, error: { code: 'ended_by_operator' } }],
  ] as const)('is told in the dialect of %s', async (path, words) => {
    const { id, client } = await open(path);
    expect((await byOperator(id)).status).toBe(202);
    expect(await lastWords(client)).toMatchObject(words);
    expect(await closed(client)).toEqual({ code: 4504, reason: 'the operator ended the session' });
  });

  test('is told by the close alone where the dialect has no error event', async () => {
    const { id, client } = await open('gemini');
    expect((await byOperator(id)).status).toBe(202);
    expect(await closed(client)).toEqual({ code: 4504, reason: 'the operator ended the session' });
  });

  test('with a long reason has all of it in the event, and its beginning in the close', async () => {
    const reason = 'ü'.repeat(500);
    const { id, client } = await open();
    expect((await byOperator(id, JSON.stringify({ reason }))).status).toBe(202);
    expect((await lastWords(client)).error.message).toBe(reason);
    expect((await closed(client)).reason).toBe(`${'ü'.repeat(58)}...`);
  });

  test.each([
    ['an empty reason', '{"reason":""}', { field: 'reason', message: 'expected 1 to 500 characters, got 0' }],
    ['a reason too long', `{"reason":"${'x'.repeat(501)}"}`, { message: 'expected 1 to 500 characters, got 501' }],
    ['a number for a reason', '{"reason":1}', { field: 'reason', message: 'expected a text' }],
    ['an unknown field', '{"why":"x"}', { field: 'why', message: 'expected reason, got "why"' }],
    ['a list', '[]', { message: 'expected an object in JSON' }],
  ])('with %s is refused, and the session goes on', async (_, body, error) => {
    const { id, client } = await open();
    const answer = await byKey(id, body);
    expect([answer.status, await answer.json()]).toMatchObject([400, { error: { code: 'invalid_request', ...error } }]);
    expect(client.readyState).toBe(client.OPEN);
    client.close();
  });

  test('finds the session that lives under an id that was used before, by either id', async () => {
    for (const named of ['its offered id', 'the id of its rows']) {
      const first = await open();
      first.client.close();
      // The rows of the first one have its id only where they are stored before those of the second.
      await until(async () => (await listed()).some(({ id, state }) => id === first.id && state === 'closed'));
      const rows = named === 'its offered id' ? first.id : `${first.id}.2`;
      const second = await until(async () => {
        const url = `${served.url}${PATHS.realtime}&trunkline-session=${first.id}`;
        return openClient(url, { headers: { authorization: 'Bearer secret-of-web' } }).catch(() => false as const);
      });
      await provider.next();
      await until(async () => (await listed()).some(({ id, state }) => id === `${first.id}.2` && state === 'open'));
      expect([named, (await byOperator(rows)).status]).toEqual([named, 202]);
      expect((await closed(second)).code).toBe(4504);
    }
  });

  test('from a page of another origin is refused, also without a body', async () => {
    const { id, client } = await open();
    const answer = await post(served.admin, `/sessions/${id}/end`, undefined, { origin: 'https://elsewhere.example' });
    expect(answer.status).toBe(403);
    expect(client.readyState).toBe(client.OPEN);
    client.close();
  });

  test('for a session that nobody has is refused', async () => {
    expect(await codeOf(await byOperator('00000000-0000-4000-8000-ffffffffffff'))).toEqual([404, 'unknown_session']);
  });
});

const postgres = await postgresForTests();
describe.skipIf(postgres === undefined)('an order on one of two machines with one store', () => {
  const machines: Served[] = [];
  beforeAll(async () => {
    const store = { url: await postgres?.database() };
    for (let index = 0; index < 2; index++)
      machines.push(await serve({ provider: provider.url, keys: KEYS, store, tasks: [] }));
  });
  afterAll(async () => {
    for (const machine of machines) {
      killAll(machine.child);
      await machine.exited;
    }
  });

  test('reaches no session of another key under the same id, and says where its own is', async () => {
    const [one, two] = machines as [Served, Served];
    const id = '00000000-0000-4000-8000-0000000000ff';
    const openAt = (machine: Served, secret: string) =>
      openClient(`${machine.url}${PATHS.realtime}&trunkline-session=${id}`, {
        headers: { authorization: `Bearer ${secret}` },
      });
    const endAt = (machine: Served, secret: string) =>
      post(machine.url.replace('ws', 'http'), `/v1/sessions/${id}/end`, undefined, {
        authorization: `Bearer ${secret}`,
      });
    const theirs = await openAt(one, 'secret-of-other');
    // The rows of a session that begins before those of the other are stored would be taken for the same.
    await until(async () => {
      const headers = { authorization: 'Bearer secret-of-other', connection: 'close' };
      return (await fetch(`${two.url.replace('ws', 'http')}/v1/sessions/${id}`, { headers })).status === 200;
    });
    const mine = await openAt(two, 'secret-of-web');
    await until(async () => (await endAt(one, 'secret-of-web')).status === 409);
    expect([theirs.readyState, mine.readyState]).toEqual([theirs.OPEN, mine.OPEN]);
    expect((await endAt(two, 'secret-of-web')).status).toBe(202);
    expect((await closed(mine)).code).toBe(4504);
    expect(theirs.readyState).toBe(theirs.OPEN);
  });
});
