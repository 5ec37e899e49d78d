// Feedback about an answer, a response and a session of a gateway that runs, beside the schema of the gateway that reads it.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectVoice, type FeedbackOptions, feedback } from '../../client/index.ts';
import { type ServedGateway, serveGateway } from '../support/sdk.ts';

const keys = [
  { id: 'demo', secret: 'secret-of-demo' },
  { id: 'other', secret: 'secret-of-other' },
];
const times = { firstAudioMs: 10, firstTextMs: 10, tokenMs: 1, audioSpeed: 100 };
let served: ServedGateway;
let shared: { gateway: string; credential: string };

beforeAll(async () => {
  served = await serveGateway({ keys, rehearsal: { times, awaitPlayback: false } });
  shared = { gateway: served.http, credential: 'secret-of-demo' };
});
afterAll(() => served?.close());

function ask(path: string, body: object): Promise<Response> {
  return fetch(served.http + path, {
    method: 'POST',
    headers: { authorization: 'Bearer secret-of-demo', 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

async function anAttempt(): Promise<string> {
  const answer = await ask('/v1/chat/completions', { model: 'any', messages: [{ role: 'user', content: 'Hello' }] });
  expect(answer.status).toBe(200);
  return answer.headers.get('x-trunkline-attempt') ?? '';
}

test('an answer is scored by the id in its header, and what is kept comes back', async () => {
  const attempt = await anAttempt();
  const given = { attempt, score: 0.75, label: 'helpful', comment: 'It was right.', id: 'mine' };
  const { at, ...kept } = await feedback({ ...shared, ...given });
  expect(kept).toEqual({
    ...{ id: 'mine', row: attempt, score: 0.75, label: 'helpful', comment: 'It was right.', isCommentKept: true },
  });
  expect(Date.parse(at)).not.toBeNaN();
  expect(await feedback({ ...shared, attempt, score: 0, id: 'mine' })).toEqual({ ...kept, at });
});

test('a response is scored by its id, with a credential that is fetched for it', async () => {
  const { id } = (await (await ask('/v1/responses', { model: 'any', input: 'Hello' })).json()) as { id: string };
  const credential = async () => 'secret-of-demo';
  expect(await feedback({ ...shared, credential, response: id, score: 1 })).toMatchObject({
    ...{ score: 1, isCommentKept: false },
  });
});

test('a voice session is scored by the id that the client has of it', async () => {
  const { promise: ended, resolve } = Promise.withResolvers<unknown>();
  const session = connectVoice({
    ...{ ...shared, path: '/v1/realtime', query: { model: 'gpt-realtime-2.1' } },
    onMessage: () => session.close(),
    onClose: resolve,
  });
  await ended;
  expect(await feedback({ ...shared, session: session.id, score: 0.5 })).toMatchObject({ row: session.id, score: 0.5 });
});

test.each<[string, Partial<Record<keyof FeedbackOptions, unknown>>, object]>([
  ['a score beyond one', { score: 5 }, { status: 400, param: 'score', message: 'expected a number from 0 to 1' }],
  [
    'nothing that it is about',
    { attempt: undefined },
    { status: 400, message: 'expected one of attempt, response, session: the id of what it is about' },
  ],
  [
    'the answer of another key',
    { credential: 'secret-of-other' },
    { status: 404, code: 'unknown_attempt', message: 'no attempt of this key has this id' },
  ],
  ['no credential of the gateway', { credential: 'none' }, { status: 401 }],
])('%s is refused with the message of the gateway', async (_what, wrong, problem) => {
  const given = { ...shared, attempt: await anAttempt(), score: 1, ...wrong } as FeedbackOptions;
  await expect(feedback(given)).rejects.toMatchObject({ name: 'GatewayProblem', mayRetry: false, ...problem });
});

test('a gateway that is not there is named', async () => {
  const refused = feedback({ gateway: 'http://127.0.0.1:1', credential: 'k', attempt: 'a', score: 1 });
  await expect(refused).rejects.toMatchObject({
    ...{ status: 0, mayRetry: true, message: 'the gateway cannot be reached at http://127.0.0.1:1' },
  });
});
