// Times how soon a change of a stored key is in force in every process of its machine and of another one, and when live sessions of a revoked key are
// told and closed. TRUNKLINE_LONG=1 runs 100 rounds of each, holds them to their bounds and prints the times, else one.

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { quantile } from '../../../../bench/figures/statistics.ts';
import { openClient } from '../../../support/gateway.ts';
import { closed, message } from '../../../support/inbox.ts';
import { askKeys, bearer, makeKey, REALTIME } from '../../../support/key-server.ts';
import { postgresForTests } from '../../../support/postgres.ts';
import { type FakeProvider, startProvider } from '../../../support/provider.ts';
import { type Served, serve } from '../../../support/served.ts';
import { until } from '../../../support/until.ts';

const isLong = process.env.TRUNKLINE_LONG === '1';
const ROUNDS = isLong ? 100 : 1;
const AT_ONCE = 3;
const mode = `${ROUNDS} rounds of each, ${isLong ? 'TRUNKLINE_LONG=1' : 'the short mode'}`;
/** Bounds of a change on the machine where it is made, and on another. */
const [NEAR_MS, FAR_MS] = [1000, 5000];
/** Handshakes that are refused in a row before a change is taken to be in force in all processes: each goes to any of them. */
const IN_A_ROW = 12;

/** Sessions of each dialect, and whether it has an event that tells of an end. */
const paths: readonly (readonly [path: string, isTold: boolean])[] = [
  [REALTIME, true],
  ['/v1/live/sessions?model=gpt-live-1', true],
  ['/v1/realtime/translations?model=gpt-realtime-translate', true],
  ['/v1/responses', true],
  ['/v1/agent/converse', true],
  ['/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent', false],
];
const PER_MACHINE = 4;

interface Change {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly body?: () => object;
  /** The answer to handshakes once it is in force. */
  readonly status: number;
}

const changes: readonly Change[] = [
  { name: 'a rotation', method: 'POST', path: '/rotate', status: 401 },
  {
    name: 'an expiry',
    method: 'PATCH',
    path: '',
    body: () => ({ expiresAt: new Date().toISOString() }),
    status: 401,
  },
  { name: 'a change of models', method: 'PATCH', path: '', body: () => ({ models: ['gemini/*'] }), status: 403 },
];
const revocation: Change = { name: 'a revocation', method: 'POST', path: '/revoke', status: 401 };

let provider: FakeProvider;
let alone: Served;
let machines: readonly [Served, Served] | undefined;
const postgres = await postgresForTests();

beforeAll(async () => {
  provider = await startProvider();
  const account = { baseUrl: provider.url, apiKey: 'provider-secret', allowPrivate: true };
  const providers = { openai: account, gemini: account, deepgram: account };
  // A side process that is held up must not be started anew.
  const config = { access: 'keys', processes: 2, tasks: [], providers, side: { silenceMs: 600_000 } };
  alone = await serve(config);
  if (postgres === undefined) return;
  const shared = { ...config, store: { url: await postgres.database() } };
  machines = [await serve(shared), await serve(shared)];
});
afterAll(async () => {
  await Promise.all([alone, ...(machines ?? [])].map((served) => served?.stop()));
  await provider?.close();
});

/** Times in ms since the change was answered; `answered`: since it was asked for. */
type Round = Record<'answered' | 'inForce' | 'told' | 'closed', number>;

const answerOf = ({ url }: Served, secret: string): Promise<number> =>
  openClient(url + REALTIME, bearer(secret)).then(
    (client) => {
      client.terminate();
      return 101;
    },
    (error: Error) => Number(error.message.split(' ').at(-1)),
  );

/** Asks for sessions until all are refused. Resolves with when the last one was asked for that opened. */
async function lastOpened(at: Served, secret: string, status: number): Promise<number> {
  let last = 0;
  for (let refused = 0; refused < IN_A_ROW; ) {
    const asked = performance.now();
    const answer = await answerOf(at, secret);
    if (answer === status) refused++;
    else [refused, last] = [0, answer === 101 ? asked : last];
  }
  return last;
}

/** Sessions of all dialects on each machine, over its processes. Those that find no answer on a busy machine ask again. */
function openAll(over: readonly Served[], secret: string, round: number) {
  const opening = over.flatMap((served) =>
    Array.from({ length: PER_MACHINE }, async (_, index) => {
      const [path, isTold] = paths[(round + index) % paths.length] ?? [REALTIME, true];
      const client = await until(() => openClient(served.url + path, bearer(secret)).catch(() => undefined));
      return { client, isTold };
    }),
  );
  return Promise.all(opening);
}

/** Resolves with what the client was told, where its dialect has words for it, the code of its close, and when. */
async function endOf(client: WebSocket, isTold: boolean) {
  const words = isTold ? String((await message(client)).data) : '"key_revoked"';
  const told = performance.now();
  const { code } = await closed(client);
  return { words, code, told, closed: performance.now() };
}

/** Makes a key of an id of its own: one that found no answer on a busy machine may have been made. */
async function makeOne(at: Served): Promise<{ readonly id: string; readonly secret: string }> {
  const id = `key-${randomUUID()}`;
  return { id, secret: await makeKey(at, id) };
}

/** Resolves with when the order was answered; it is given again where a busy machine has no answer. */
async function give(at: Served, { method, path, body }: Change, id: string): Promise<number> {
  await until(async () => (await askKeys(at, method, `/keys/${id}${path}`, body?.())).status !== 503);
  return performance.now();
}

/** Changes a key that every machine knows, on the first of them. The times are those of the last of them. */
async function play(over: readonly Served[], round: number, change: Change): Promise<Round> {
  const [first] = over as [Served];
  const { id, secret } = await until(() => makeOne(first).catch(() => undefined));
  const sessions = await openAll(over, secret, round);
  const asked = performance.now();
  const giving = give(first, change, id);
  const isRevoked = change === revocation;
  const ending = Promise.all(sessions.map(({ client, isTold }) => isRevoked && endOf(client, isTold)));
  const opened = await Promise.all(over.map((at) => lastOpened(at, secret, change.status)));
  const answered = await giving;
  const ends = (await ending).filter((end) => end !== false);
  for (const { code, words } of ends) expect([code, words]).toEqual([4501, expect.stringContaining('"key_revoked"')]);
  for (const { client } of sessions) if (!isRevoked) expect(client.readyState).toBe(client.OPEN);
  for (const { client } of sessions) client.terminate();
  const last = (times: readonly number[]) => Math.max(0, Math.max(...times) - answered);
  return {
    ...{ answered: answered - asked, inForce: last(opened) },
    ...{ told: last(ends.map(({ told }) => told)), closed: last(ends.map((end) => end.closed)) },
  };
}

async function playAll(over: readonly Served[], change: Change): Promise<Readonly<Record<keyof Round, number[]>>> {
  const played: Round[] = [];
  const rounds = Array.from({ length: ROUNDS }, (_, round) => round).values();
  const turn = async () => {
    for (const round of rounds) played.push(await play(over, round, change));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, turn));
  const timesOf = (moment: keyof Round) => played.map((round) => round[moment]);
  return {
    ...{ answered: timesOf('answered'), inForce: timesOf('inForce') },
    ...{ told: timesOf('told'), closed: timesOf('closed') },
  };
}

const described = (times: readonly number[]): string => {
  const [p50, p99, most] = [0.5, 0.99, 1].map((at) => Math.round(quantile(times, at)));
  return `p50 ${p50}, p99 ${p99}, max ${most} ms`;
};

/** Prints the times, and holds each round to the bound in the long mode: the short one has waited for them, and that is all. */
function holdTo(bound: number, what: string, times: readonly number[]): void {
  if (!isLong) return;
  const within = times.filter((ms) => ms < bound).length;
  console.info(`${what}: ${within} of ${ROUNDS} within ${bound} ms of the answer, ${described(times)}`);
  expect(within).toBe(ROUNDS);
}

function tellAnswers(what: string, times: readonly number[]): void {
  if (isLong) console.info(`${what} is answered: ${described(times)}`);
}

const places = [
  ['in two processes', NEAR_MS, () => [alone]],
  ['in two processes each of two machines', FAR_MS, () => machines ?? []],
] as const;

describe.each(places)('%s', (where, bound, over) => {
  const isSkipped = bound === FAR_MS && postgres === undefined;

  test.skipIf(isSkipped)(
    `a revocation tells and closes the live sessions of its key, and none opens (${mode})`,
    async () => {
      const { answered, told, closed: gone, inForce } = await playAll(over(), revocation);
      tellAnswers(`a revocation ${where}`, answered);
      holdTo(bound, `the last live session of a revoked key is told ${where}`, told);
      holdTo(bound, `the last live session of a revoked key is closed ${where}`, gone);
      holdTo(bound, `the last session that opens after a revocation ${where}`, inForce);
    },
    600_000,
  );

  test.skipIf(isSkipped).each(changes)(
    `$name: it is in force, and live sessions go on (${mode})`,
    async (change) => {
      const { answered, inForce } = await playAll(over(), change);
      tellAnswers(`${change.name} ${where}`, answered);
      holdTo(bound, `the last session that opens after ${change.name} ${where}`, inForce);
    },
    600_000,
  );
});
