// Tests two side processes, of which the first owns the store: budgets are exact over both, and each answers while the other is dead.

import { once } from 'node:events';
import { get } from 'node:https';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStore } from '../../../server/side/store/open.ts';
import { type LlmGateway, llmGateway } from '../../support/llm-gateway.ts';
import { childrenOf } from '../../support/processes.ts';
import { type Served, serve } from '../../support/served.ts';
import { until } from '../../support/until.ts';

const MODEL = 'priced-1';
const TITLE = { title: 'A title' };
/** So many calls fit into the budget of the class `capped`, at 1,000 micro-USD for its answer and some for the question. */
const FITTING = 50;

let llm: LlmGateway;
let served: Served;
beforeAll(async () => {
  llm = await llmGateway({ behaviour: { text: JSON.stringify(TITLE) } });
  const target = { targets: [{ gateway: 'scripted', model: MODEL }] };
  served = await serve({
    side: { processes: 2 },
    listen: { tlsPort: 0 },
    gateways: {
      scripted: {
        profile: 'openai-compatible',
        baseUrl: llm.baseUrl,
        apiKey: 'x',
        allowPrivate: true,
        concurrency: 300,
      },
    },
    classes: { plain: target, capped: target },
    tasks: [{ kind: 'title', class: 'plain' }],
    prices: { [MODEL]: { input: 0, output: 10 } },
    budgets: [
      { class: 'capped', window: 'total', maxUsd: (FITTING * 1000) / 1e6 },
      { window: 'total', maxUsd: 1000 },
    ],
  });
});
afterAll(async () => {
  if (served?.child.exitCode === null) await served.stop();
  await llm?.close();
});

const sides = (): number[] => childrenOf(served.run.pid, 'side/process');
/** Each request has a connection of its own, which goes to one process or the other. */
const post = (path: string, body: object, headers: Record<string, string> = {}) =>
  fetch(`${served.url.replace('ws', 'http')}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close', ...headers },
    body: JSON.stringify(body),
  });
const question = { model: MODEL, messages: [{ role: 'user', content: 'Hello' }], max_tokens: 100 };
const call = async (headers?: Record<string, string>): Promise<number> => {
  const reply = await post('/v1/chat/completions', question, headers);
  await reply.arrayBuffer();
  return reply.status;
};

/** Lets the LLM gateway answer nobody until the function that is returned is called. */
function hold(): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  llm.change({ behaviour: { text: 'yes', after: promise } });
  return () => {
    llm.change({ behaviour: { text: JSON.stringify(TITLE) } });
    resolve();
  };
}

test('exactly 50 of 200 calls at once through both are made in a budget that allows 50', async () => {
  const release = hold();
  const before = llm.count.requests;
  let refused = 0;
  const calls = Array.from({ length: 200 }, async () => {
    const status = await call({ 'x-trunkline-class': 'capped' });
    if (status !== 200) refused += 1;
    return status;
  });
  await until(() => refused === 200 - FITTING);
  release();
  const statuses = await Promise.all(calls);
  expect(statuses.filter((status) => status === 200)).toHaveLength(FITTING);
  expect(statuses.filter((status) => status === 402 || status === 429)).toHaveLength(200 - FITTING);
  expect(llm.count.requests - before).toBe(FITTING);
});

test('both are one in /metrics', async () => {
  await until(async () => (await served.metric('trunkline_side_attempts_total')) === FITTING);
  expect(await served.metric('trunkline_store_up')).toBe(1);
  const used = (): Promise<number> => served.metric('trunkline_budget_used_micro_usd', { class: 'capped' });
  await until(async () => (await used()) > 0);
  const ledger = await (await fetch(`${served.admin}/ledger`)).json();
  const { rows } = ledger as { rows: { costMicroUsd: number }[] };
  await until(async () => (await used()) === rows.reduce((sum, { costMicroUsd }) => sum + costMicroUsd, 0));
});

test('streams, tasks that are waited for and reads come through both', async () => {
  const settling = () => served.lines().flatMap(({ msg, pid }) => (msg === 'a task was settled' ? [pid] : []));
  await until(async () => {
    const streamed = await post('/v1/chat/completions', { ...question, stream: true });
    expect(await streamed.text()).toContain('[DONE]');
    const task = await post('/v1/tasks', { kind: 'title', text: 'Words', mode: 'sync' });
    const { id, state, result } = (await task.json()) as { id: string; state: string; result: unknown };
    expect([task.status, state, result]).toEqual([200, 'done', TITLE]);
    const url = `${served.url.replace('ws', 'http')}/v1/tasks/${id}`;
    const shown = await fetch(url, { headers: { connection: 'close' } });
    expect(await shown.json()).toMatchObject({ id, state: 'done' });
    return settling().length >= 4 && sides().every((side) => settling().includes(side));
  });
});

test('connections under TLS reach both', async () => {
  for (let time = 0; time < 4; time++) {
    const asked = get(`https://127.0.0.1:${served.run.listen.tlsPort}/v1/models`, { rejectUnauthorized: false });
    const [{ statusCode }] = await once(asked, 'response');
    expect(statusCode).toBe(200);
  }
});

/** Calls that broke off with their process so far. */
let broken = 0;

// The one that was started first is killed, and its successor is then the second.
test.each(['the owner of the store', 'the other one'])(
  'when %s is killed, its calls are lost at their reservation, and those of the other are answered',
  async () => {
    const release = hold();
    const before = llm.count.requests;
    const calls = Array.from({ length: 8 }, () => call().catch(() => 0));
    await until(() => llm.count.requests === before + 8);
    const [victim = 0] = sides();
    process.kill(victim, 'SIGKILL');
    // They come before another process is there.
    const later = Array.from({ length: 8 }, () => call());
    await until(() => llm.count.requests === before + 16);
    release();
    const statuses = await Promise.all(calls);
    const ended = statuses.filter((status) => status === 0).length;
    // A process may get one more than its turn while the other one is behind.
    expect([ended > 0, ended < 8, statuses.filter((status) => status === 200).length]).toEqual([true, true, 8 - ended]);
    broken += ended;
    expect(await Promise.all(later)).toEqual(Array(8).fill(200));
    await until(() => sides().length === 2 && !sides().includes(victim));
    await until(async () => (await fetch(`${served.admin}/readyz`)).status === 200);
    const rows = async () => {
      const reply = await fetch(`${served.admin}/ledger/rows?limit=1000`);
      return ((await reply.json()) as { rows: { outcome: string; costMicroUsd: number }[] }).rows;
    };
    // Nobody waits for the end of a reservation, which is a minute away.
    await until(async () => (await rows()).every(({ outcome }) => outcome !== 'pending'));
    const lost = (await rows()).filter(({ outcome }) => outcome === 'lost');
    expect(lost.map(({ costMicroUsd }) => costMicroUsd)).toEqual(Array(broken).fill(1000));
  },
);

test('every call has one row, and budgets hold what they cost', async () => {
  await served.stop();
  expect(served.lines().filter(({ msg }) => /did not close/.test(String(msg)))).toEqual([]);
  const store = await openStore({ url: 'sqlite', dataDirectory: served.data });
  // Calls that the budget refused have rows that are no calls.
  const rows = (await store.ledger({ limit: 1000 })).filter(({ refusals }) => refusals === undefined);
  expect(rows).toHaveLength(llm.count.requests);
  const spentMicroUsd = rows.reduce((sum, { costMicroUsd = 0 }) => sum + costMicroUsd, 0);
  expect(await store.budgetUse('*|*|total|0')).toEqual({ spentMicroUsd, reservedMicroUsd: 0 });
  await store.close();
});

test('one that hangs is started anew, and the other serves what was meant for it', async () => {
  served = await serve({ side: { processes: 2, silenceMs: 1000 } });
  const [first = 0, second = 0] = sides();
  process.kill(second, 'SIGSTOP');
  const asked = () => fetch(`${served.url.replace('ws', 'http')}/v1/models`, { headers: { connection: 'close' } });
  const replies = await Promise.all(Array.from({ length: 8 }, asked));
  expect(replies.map(({ status }) => status)).toEqual(Array(8).fill(200));
  await until(() => sides().length === 2 && !sides().includes(second));
  expect(sides()).toContain(first);
});
