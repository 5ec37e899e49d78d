// GET /v1/sessions/{id}/context: the text for a session that continues this one, for its own key.

import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { askWhole } from '../../../../../server/ipc/side-request.ts';
import { createSideHttp } from '../../../../../server/side/http/routes.ts';
import { createFakeStore, type FakeStore, storedSession, storedTask } from '../../../../support/fake-store.ts';
import { startSideHttp, type TestSide } from '../../../../support/side-http.ts';
import { aTurn } from '../../../../support/side-records.ts';

const ID = '01900000-0000-7000-8000-00000000000a';
const keys = [
  { id: 'web', secret: 'secret-of-web' },
  { id: 'other', secret: 'secret-of-other' },
];
let store: FakeStore;
let side: TestSide;

beforeEach(() => {
  store = createFakeStore();
});
afterEach(() => side.close());

async function start(settings: object = {}): Promise<void> {
  side = await startSideHttp({ file: { keys, side: settings }, store });
}

function fill(): void {
  store.rows.sessions.push(storedSession({ id: ID, key: 'web', dataClass: 'regulated', endedAt: 9_000 }));
  store.rows.turns.push(aTurn(ID, 1), aTurn(ID, 2), aTurn(ID, 3, { user: 'last', assistant: '' }));
  const input = JSON.stringify({ every: 'turns', number: 2 });
  const result = JSON.stringify({ summary: 'Two questions.', open: [] });
  const task = { session: ID, kind: 'rolling-summary', state: 'done', input, result } as const;
  store.rows.tasks.push(storedTask({ ...task, id: `${ID}.rolling-summary.2`, key: 'web' }));
}

const ask = async (key: string, id = ID) => {
  const answer = await side.ask(`/v1/sessions/${id}/context`, { key });
  return [answer.status, (await answer.json()) as Record<string, unknown>] as const;
};

test('the old path gives the same answer', async () => {
  fill();
  await start();
  const [, answer] = await ask('secret-of-web');
  const old = await side.ask(`/v1/sessions/${ID}/seed`, { key: 'secret-of-web' });
  expect([old.status, await old.json()]).toEqual([200, answer]);
});

test('the answer has the text, and the session, provider and data class that it comes from', async () => {
  fill();
  await start();
  const [status, body] = await ask('secret-of-web', ID.toUpperCase());
  expect(status).toBe(200);
  expect(body).toEqual({
    session: ID,
    provider: 'openai',
    dataClass: 'regulated',
    from: 'summary',
    text: expect.stringMatching(/Two questions\.\n<\/previous-summary>\n<transcript>\nUser: last\n<\/transcript>$/),
    isCut: false,
  });
});

test('a session of another key is a 404', async () => {
  fill();
  await start();
  expect(await ask('secret-of-other')).toMatchObject([404, { error: { code: 'unknown_session' } }]);
});

test('contextBytes limits the text', async () => {
  fill();
  store.rows.turns.push(...Array.from({ length: 500 }, (_, index) => aTurn(ID, index + 4)));
  await start({ contextBytes: 2000 });
  const [, { text, isCut }] = await ask('secret-of-web');
  expect(Buffer.byteLength(String(text))).toBeLessThanOrEqual(2000);
  expect([text, isCut]).toEqual([expect.stringContaining('User: question 503'), true]);
});

test.each(['closing', 'closed'])(
  'the turns of a session that is %s are waited for until they are stored',
  async (state) => {
    await start();
    let looks = 0;
    const late = {
      ...store,
      async session(id: string) {
        const found = await store.session(id);
        if (++looks === 1) fill();
        return found;
      },
    };
    const answer = createSideHttp({ store: late, config: side.config, log: pino({ level: 'silent' }) });
    const { text } = await askWhole(
      answer,
      {
        ...{ requester: { scope: 'key', key: 'web', team: undefined }, method: 'GET', query: {}, headers: {} },
        ...{ path: `/v1/sessions/${ID}/context`, body: undefined },
        live: { id: ID, state, key: 'web', provider: 'openai', dataClass: 'regulated' },
      },
      new AbortController().signal,
    );
    expect(JSON.parse(text)).toMatchObject({ from: 'summary' });
    expect(looks).toBeGreaterThan(1);
  },
);
