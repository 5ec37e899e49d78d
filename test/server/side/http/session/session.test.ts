// Sessions over HTTP: what is kept of one is shown to its key, and deleted.

import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  createFakeStore,
  type FakeStore,
  ledgerRow,
  storedSession,
  storedTask,
} from '../../../../support/fake-store.ts';
import { openClient } from '../../../../support/gateway.ts';
import { closed } from '../../../../support/inbox.ts';
import { type FakeProvider, startProvider } from '../../../../support/provider.ts';
import { startSideHttp, type TestSide } from '../../../../support/side-http.ts';

const keys = [
  { id: 'web', secret: 'secret-of-web' },
  { id: 'other', secret: 'secret-of-other' },
];
let provider: FakeProvider;
let store: FakeStore;
let side: TestSide;

beforeAll(async () => {
  provider = await startProvider();
});
beforeEach(async () => {
  store = createFakeStore();
  side = await startSideHttp({ file: { keys }, store, provider: provider.url });
});
afterEach(() => side.close());
afterAll(() => provider.close());

const id = '01900000-0000-7000-8000-00000000000a';

function fill(): void {
  const record = JSON.stringify({ id, state: 'closed', key: 'web', closeCode: 1000, durationMs: 5 });
  store.rows.sessions.push(
    storedSession({ id, key: 'web', isRehearsal: true, endedAt: 9_000, reason: 'client-closed', record }),
  );
  store.rows.turns.push({
    session: id,
    number: 1,
    startedAt: 2_000,
    endedAt: 3_000,
    user: 'Hello',
    assistant: 'Good day',
    isInterrupted: false,
  });
  const result = '{"summary":"A greeting."}';
  const input = 'what nobody else may read';
  store.rows.tasks.push(storedTask({ id: `${id}.summary`, session: id, key: 'web', state: 'done', result, input }));
  store.rows.ledger.push(ledgerRow({ id: '0190-row', session: id, key: 'web', at: 4_000 }));
}

const show = (key: string, path = id) => side.ask(`/v1/sessions/${path}`, { key });

test('a session is shown with its turns, tasks and ledger rows, and whether it was a rehearsal', async () => {
  fill();
  const answer = await show('secret-of-web', id.toUpperCase());
  expect(answer.status).toBe(200);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  const body = await answer.json();
  expect(body).toMatchObject({
    id,
    state: 'closed',
    key: 'web',
    provider: 'openai',
    closeCode: 1000,
    reason: 'client-closed',
    startedAt: '1970-01-01T00:00:01.000Z',
    endedAt: '1970-01-01T00:00:09.000Z',
    class: 'voice',
    isRehearsal: true,
    turns: [{ number: 1, user: 'Hello', assistant: 'Good day', startedAt: '1970-01-01T00:00:02.000Z' }],
    tasks: [{ id: `${id}.summary`, kind: 'summary', state: 'done', result: { summary: 'A greeting.' } }],
    ledger: [{ id: '0190-row', class: 'commodity', costMicroUsd: 12, costSource: 'reported' }],
  });
  expect(JSON.stringify(body)).not.toContain('what nobody else may read');
});

test('a session is shown with the feedback about it and its calls, and with its trace while that is exported', async () => {
  fill();
  const given = { score: 0.25, label: 'slow', key: 'web', team: undefined, endUser: undefined, promptClass: 'voice' };
  const asked: (readonly string[])[] = [];
  store.feedback = async (rows) => {
    asked.push(rows);
    return [{ ...given, id: `${id}.mine`, at: 5_000, ledgerRow: id }];
  };
  const body = (await (await show('secret-of-web')).json()) as { trace?: string };
  expect(body).toMatchObject({
    feedback: [{ id: 'mine', row: id, at: '1970-01-01T00:00:05.000Z', score: 0.25, label: 'slow' }],
  });
  expect([asked, body.trace]).toEqual([[[id, '0190-row']], undefined]);
  for (const [sample, trace] of [
    [1, expect.stringMatching(/^[0-9a-f]{32}$/)],
    [0, undefined],
  ] as const) {
    const telemetry = { otlp: 'https://collector.example.com', sample };
    const traced = await startSideHttp({ file: { keys, telemetry }, store });
    const shown = await traced.ask(`/v1/sessions/${id}`, { key: 'secret-of-web' });
    expect(((await shown.json()) as { trace?: string }).trace).toEqual(trace);
    await traced.close();
  }
});

test('a session of another key is a 404, like one that does not exist', async () => {
  fill();
  const others = await show('secret-of-other');
  const nobodys = await show('secret-of-other', randomUUID());
  expect([others.status, nobodys.status]).toEqual([404, 404]);
  expect(await others.text()).toBe(await nobodys.text());
  expect((await show('wrong')).status).toBe(401);
});

test('the live record of a session is shown while it lives, stored or not', async () => {
  const headers = { authorization: 'Bearer secret-of-web' };
  const client = await openClient(`${side.url}/v1/realtime?model=m&trunkline-session=${id}`, { headers });
  expect(await (await show('secret-of-web')).json()).toMatchObject({ id, state: 'open', turns: [], tasks: [] });
  expect((await show('secret-of-other')).status).toBe(404);
  store.rows.sessions.push(storedSession({ id, key: 'web' }));
  expect(await (await show('secret-of-web')).json()).toMatchObject({ id, state: 'open', frames: {}, class: 'voice' });
  const forget = () => side.ask(`/v1/sessions/${id}`, { method: 'DELETE', key: 'secret-of-web' });
  expect((await forget()).status).toBe(409);
  client.close(1000);
  await closed(client);
  await side.nextEnd();
  expect((await forget()).status).toBe(204);
});

test('deleting a session removes its texts and results, and leaves the ledger', async () => {
  fill();
  const forget = (key: string) => side.ask(`/v1/sessions/${id}`, { method: 'DELETE', key });
  expect((await forget('secret-of-other')).status).toBe(404);
  expect(store.rows.turns).toHaveLength(1);
  const gone = await forget('secret-of-web');
  expect([gone.status, await gone.text()]).toEqual([204, '']);
  const body = (await (await show('secret-of-web')).json()) as Record<string, unknown[]>;
  expect(body.turns).toEqual([]);
  expect(body.tasks?.[0]).not.toHaveProperty('result');
  expect(body.ledger).toHaveLength(1);
});

test('a session that lives in another instance is not deleted', async () => {
  store.rows.sessions.push(storedSession({ id, key: 'web' }));
  const answer = await side.ask(`/v1/sessions/${id}`, { method: 'DELETE', key: 'secret-of-web' });
  expect(answer.status).toBe(409);
  expect(await answer.json()).toMatchObject({ error: { code: 'session_open' } });
});

test('each of two keys that used one id finds its own session under it', async () => {
  fill();
  store.rows.sessions.push(storedSession({ id: `${id}.2`, key: 'other', endedAt: 9_500, reason: 'client-closed' }));
  store.rows.turns.push({
    ...(store.rows.turns[0] as (typeof store.rows.turns)[number]),
    session: `${id}.2`,
    user: 'Bye',
  });
  expect(await (await show('secret-of-web')).json()).toMatchObject({ id, key: 'web', turns: [{ user: 'Hello' }] });
  expect(await (await show('secret-of-other')).json()).toMatchObject({ key: 'other', turns: [{ user: 'Bye' }] });
  expect((await side.ask(`/v1/sessions/${id}/context`, { key: 'secret-of-other' })).status).toBe(200);
  const gone = await side.ask(`/v1/sessions/${id}`, { method: 'DELETE', key: 'secret-of-other' });
  expect(gone.status).toBe(204);
  expect(store.rows.turns.map(({ session }) => session)).toEqual([id]);
});

test('a session that lately ended under another key hides none of the owner', async () => {
  const headers = { authorization: 'Bearer secret-of-other' };
  fill();
  const client = await openClient(`${side.url}/v1/realtime?model=m&trunkline-session=${id}`, { headers });
  expect((await show('secret-of-web')).status).toBe(200);
  client.close();
  await closed(client);
  expect(await (await show('secret-of-web')).json()).toMatchObject({ id, key: 'web' });
  expect((await side.ask(`/v1/sessions/${id}`, { method: 'DELETE', key: 'secret-of-web' })).status).toBe(204);
});
