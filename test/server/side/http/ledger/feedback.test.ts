// Feedback of the app over HTTP, on a real store: about its own answers and sessions, several of one, in views and reports; nobody else's.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Store } from '../../../../../server/side/store/contract/store.ts';
import { openStore } from '../../../../../server/side/store/open.ts';
import { startSideHttp, type TestSide } from '../../../../support/side-http.ts';
import { aRealtime, aSession, aSettled, NOON } from '../../../../support/side-records.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';

let store: Store;
let side: TestSide;
const keys = [
  { id: 'demo', secret: 'secret-of-demo' },
  { id: 'other', secret: 'secret-of-other' },
  { id: 'quiet', secret: 'secret-of-quiet', transcripts: 'off' },
];

beforeAll(async () => {
  store = await openStore({ url: 'sqlite', dataDirectory: temporaryFolder('feedback') });
  side = await startSideHttp({ file: { keys }, store });
  const rows = [
    aSettled('a1', 7, { target: 'router/small' }),
    aSettled('a2', 7, { target: 'router/large', response: 'resp_1' }),
    aSettled('a3', 7, { dataClass: 'regulated' }),
    aSettled('a4', 7, { key: 'quiet' }),
  ];
  await store.settle(rows.map((row) => ({ row, budgets: [], reservedMicroUsd: 0 })));
  await store.commitSessions({
    started: [aSession('s1')],
    ledger: [aRealtime('s1', 10, { target: 'openai/gpt-realtime' })],
  });
});
afterAll(async () => {
  await side.close();
  await store.close();
});

async function give(json: object, key = 'demo') {
  const reply = await side.ask('/v1/feedback', { method: 'POST', key: `secret-of-${key}`, json });
  return { status: reply.status, body: await reply.json() };
}

test('an attempt, a response and a session take several scores, which reports by target average', async () => {
  expect(await give({ attempt: 'a1', score: 1, label: 'helpful', comment: 'It was right.' })).toMatchObject({
    status: 200,
    body: { row: 'a1', score: 1, label: 'helpful', comment: 'It was right.', isCommentKept: true },
  });
  await give({ attempt: 'a1', score: 0 });
  expect((await give({ response: 'resp_1', score: 0.25 })).body).toMatchObject({ row: 'a2' });
  expect((await give({ session: 'S1', score: 0.75 })).body).toMatchObject({ row: 's1' });
  const report = await side.ask('/v1/ledger?by=target', { key: 'secret-of-demo' });
  const { rows } = (await report.json()) as { rows: readonly { by: string[]; feedback?: number; feedbacks: number }[] };
  expect(rows.map(({ by, feedback, feedbacks }) => [...by, feedback, feedbacks])).toEqual([
    ['', undefined, 0],
    ['openai/gpt-realtime', 0.75, 1],
    ['router/large', 0.25, 1],
    ['router/small', 0.5, 2],
  ]);
});

test('the same id is kept once, as it was first', async () => {
  await give({ attempt: 'a2', score: 0.5, id: 'mine' });
  expect((await give({ attempt: 'a2', score: 0.9, id: 'mine' })).body).toMatchObject({ id: 'mine', score: 0.5 });
  expect((await store.feedback(['a2'])).filter(({ id }) => id === 'a2.mine')).toHaveLength(1);
});

test('a row of another key, and one that is not there, is a 404', async () => {
  for (const [json, code] of [
    [{ attempt: 'a1', score: 1 }, 'unknown_attempt'],
    [{ response: 'resp_1', score: 1 }, 'response_not_found'],
    [{ session: 's1', score: 1 }, 'unknown_session'],
  ] as const)
    expect(await give(json, 'other')).toMatchObject({ status: 404, body: { error: { code } } });
  expect(await give({ attempt: 'none', score: 1 })).toMatchObject({ status: 404 });
});

test('a comment about regulated text, and of a key without transcripts, is not kept, and the answer says so', async () => {
  expect((await give({ attempt: 'a3', score: 1, comment: 'Ann was ill.' })).body).toMatchObject({
    isCommentKept: false,
  });
  expect((await give({ attempt: 'a4', score: 1, comment: 'x' }, 'quiet')).body).toMatchObject({ isCommentKept: false });
  expect((await store.feedback(['a3', 'a4'])).map(({ comment }) => comment)).toEqual([undefined, undefined]);
});

test('what is wrong is named', async () => {
  for (const [json, words] of [
    [{ attempt: 'a1', score: 2 }, 'from 0 to 1'],
    [{ attempt: 'a1', score: 'good' }, 'from 0 to 1'],
    [{ score: 1 }, 'one of attempt, response, session'],
    [{ attempt: 'a1', session: 's1', score: 1 }, 'one of attempt, response, session'],
    [{ attempt: 'a1', score: 1, label: 'x'.repeat(101) }, '1 to 100 characters'],
    [{ attempt: 'a1', score: 1, stars: 5 }, 'got "stars"'],
  ] as const) {
    const { status, body } = await give(json);
    expect([status, JSON.stringify(body)]).toEqual([400, expect.stringContaining(words.replaceAll('"', '\\"'))]);
  }
});

test('a row keeps a hundred feedbacks', async () => {
  const [row] = await store.ledger({ limit: 1, until: NOON + 1 });
  const feedback = {
    at: NOON,
    ledgerRow: 'full',
    key: 'demo',
    team: undefined,
    endUser: undefined,
    promptClass: 'commodity',
    score: 1,
  };
  expect(row).toBeDefined();
  for (let count = 0; count < 3; count++) await store.addFeedback({ ...feedback, id: `full.${count}` }, 2);
  expect(await store.feedback(['full'])).toHaveLength(2);
  expect(await store.addFeedback({ ...feedback, id: 'full.9' }, 2)).toBeUndefined();
});
