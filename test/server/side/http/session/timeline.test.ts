// The timeline over HTTP: of a live session, of an ended one, and of one that left no record.

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createFakeStore, type FakeStore, storedSession, storedTask } from '../../../../support/fake-store.ts';
import { openClient } from '../../../../support/gateway.ts';
import { type FakeProvider, startProvider } from '../../../../support/provider.ts';
import { startSideHttp, type TestSide } from '../../../../support/side-http.ts';

const keys = [
  { id: 'web', secret: 'secret-of-web' },
  { id: 'other', secret: 'secret-of-other' },
];
const id = '01900000-0000-7000-8000-00000000000a';
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

const timeline = async (key = 'secret-of-web') => side.ask(`/v1/sessions/${id}/timeline`, { key });

const timedTurn = (number: number, startedAt: number, some: object = {}) => ({
  ...{ session: id, number, startedAt, endedAt: startedAt + 900, user: 'u', assistant: 'a', isInterrupted: false },
  ...some,
});

test('what was measured, turns, tasks and the close are in one list by time, and what stands out is said', async () => {
  const moments = [
    { at: 2_500, kind: 'reply', ms: 3100, began: 'audio', since: 'speech' },
    { at: 9_000, kind: 'close', by: 'provider', reason: 'provider-lost', code: 1011 },
  ];
  const record = JSON.stringify({ id, state: 'closed', key: 'web', timeline: moments });
  store.rows.sessions.push(storedSession({ id, key: 'web', endedAt: 9_000, reason: 'provider-lost', record }));
  store.rows.turns.push(timedTurn(1, 2_000), timedTurn(2, 3_000, { assistant: '', isInterrupted: true }));
  const times = { dueAt: 9_000, updatedAt: 9_400, attempts: 1 };
  store.rows.tasks.push(
    storedTask({ id: `${id}.summary`, session: id, key: 'web', state: 'failed', error: 'no_input', ...times }),
    storedTask({ id: `${id}.title`, session: id, key: 'web', state: 'queued', attempts: 0 }),
  );
  const answer = await timeline();
  expect(answer.status).toBe(200);
  const body = await answer.json();
  expect(body).toMatchObject({ id, state: 'closed', endedAt: '1970-01-01T00:00:09.000Z' });
  expect(body.verdicts).toEqual([
    'the provider took 3.1 s to the first audio of turn 1',
    'no reply came to turn 2',
    'the task summary failed: no_input',
    'the connection of the provider broke off',
  ]);
  expect(body.entries).toMatchObject([
    { at: '1970-01-01T00:00:02.000Z', kind: 'turn', number: 1, endedAt: '1970-01-01T00:00:02.900Z' },
    { at: '1970-01-01T00:00:02.500Z', kind: 'reply', ms: 3100 },
    { kind: 'turn', number: 2, isInterrupted: true, isUnanswered: true },
    { kind: 'close', by: 'provider', code: 1011 },
    { at: '1970-01-01T00:00:09.000Z', kind: 'task', task: 'summary', state: 'failed', ms: 400, error: 'no_input' },
  ]);
});

test('a live session has one, which no other key can read', async () => {
  const url = `${side.url}/v1/realtime?model=m&trunkline-session=${id}`;
  await openClient(url, { headers: { authorization: 'Bearer secret-of-web' } });
  const body = await (await timeline()).json();
  expect(body).toMatchObject({ id, state: 'open', verdicts: [], residenceUs: { upstream: { count: 0 } } });
  expect(body.entries).toMatchObject([{ kind: 'dial' }, { kind: 'open' }]);
  expect((await timeline('secret-of-other')).status).toBe(404);
  const shown = await (await side.ask(`/v1/sessions/${id}`, { key: 'secret-of-web' })).json();
  expect(shown).not.toHaveProperty('timeline');
});

test('a session whose process died has its turns, and the end that is known', async () => {
  store.rows.sessions.push(
    storedSession({ id, key: 'web', endedAt: 9_000, reason: 'gateway-lost', record: undefined }),
  );
  store.rows.turns.push(timedTurn(1, 2_000, { user: undefined, assistant: undefined }));
  const body = await (await timeline()).json();
  expect(body.entries).toMatchObject([
    { kind: 'turn', number: 1 },
    { at: '1970-01-01T00:00:09.000Z', kind: 'close', by: 'gateway', reason: 'gateway-lost' },
  ]);
  expect(body.verdicts).toEqual(['the gateway process died']);
});
