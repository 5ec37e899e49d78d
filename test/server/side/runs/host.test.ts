// Tests runs over two side processes on one store: each reads what the other runs, a killed one ends its runs with an event, also for who reads
// them elsewhere and after a restart of everything, and what nobody read is in the ledger.

import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LedgerRow } from '../../../../server/ipc/stored-rows.ts';
import { openStore } from '../../../../server/side/store/open.ts';
import { type LlmBehaviour, type LlmGateway, llmGateway } from '../../../support/llm-gateway.ts';
import { childrenOf, killAll } from '../../../support/processes.ts';
import { eventsOf } from '../../../support/responses-side.ts';
import { type Served, serve } from '../../../support/served.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { until } from '../../../support/until.ts';

const MODEL = 'priced-1';
const data = temporaryFolder('runs');
let llm: LlmGateway;
let served: Served;

const start = () =>
  serve(
    {
      side: { processes: 2 },
      runs: { orphanMs: 60_000 },
      gateways: {
        scripted: { profile: 'openai-compatible', baseUrl: llm.baseUrl, apiKey: 'x', allowPrivate: true },
      },
      classes: { plain: { targets: [{ gateway: 'scripted', model: MODEL }] } },
      tasks: [],
      prices: { [MODEL]: { input: 1, output: 10 } },
      budgets: [{ window: 'total', maxUsd: 100 }],
    },
    data,
  );
beforeAll(async () => {
  llm = await llmGateway({ behaviour: { text: 'One two three four five six seven eight nine ten.', pieces: 20 } });
  served = await start();
});
afterAll(async () => {
  if (served?.child.exitCode === null && served.child.signalCode === null) killAll(served.child);
  await served?.exited;
  await llm?.close();
});

const sides = (): number[] => childrenOf(served.run.pid, 'side/process');
/** Each request has a connection of its own, which goes to one process or the other in turn. */
const ask = (path: string, init: RequestInit = {}) =>
  fetch(`${served.url.replace('ws', 'http')}/v1/responses${path}`, {
    ...init,
    headers: { 'content-type': 'application/json', connection: 'close' },
  });
const create = (more: object, init: RequestInit = {}) =>
  ask('', { ...init, method: 'POST', body: JSON.stringify({ model: MODEL, input: 'Hello', ...more }) });
const idOf = async (reply: Response): Promise<string> => ((await reply.json()) as { id: string }).id;
const read = async (id: string, after = -1) =>
  eventsOf(await ask(`/${id}?stream=true${after < 0 ? '' : `&starting_after=${after}`}`));

/** Pieces of an answer that outlasts its test. */
const ENDLESS = 100_000;

/** Asks for so many responses in the background whose answers begin when that is allowed, and take 20 ms for each piece. */
async function startMany(count: number, pieces = 200) {
  const { promise, resolve } = Promise.withResolvers<void>();
  llm.change({ behaviour: { text: 'x'.repeat(2 * pieces), pieces, everyMs: 20, after: promise } });
  const replies = await Promise.all(Array.from({ length: count }, () => create({ background: true })));
  return { ids: await Promise.all(replies.map(idOf)), release: resolve };
}

test('readers at both processes get the same events, those of the one that asked included', async () => {
  llm.change({ behaviour: { text: 'One two three four five six seven eight nine ten.', pieces: 20, everyMs: 20 } });
  const own = await create({ stream: true });
  const reader = own.body?.getReader();
  const first = Buffer.from((await reader?.read())?.value ?? []).toString();
  const id = /"id":"(resp_[0-9a-f]+)"/.exec(first)?.[1] ?? '';
  await reader?.cancel();
  const seen = await Promise.all(Array.from({ length: 6 }, () => read(id)));
  const [one] = seen;
  expect(one?.map(({ sequence_number }) => sequence_number)).toEqual(one?.map((_, at) => at));
  expect(one?.at(-1)).toMatchObject({ type: 'response.completed', response: { id, status: 'completed' } });
  for (const other of seen) expect(other).toEqual(one);
  const resumed = await Promise.all(Array.from({ length: 4 }, () => read(id, 5)));
  for (const other of resumed) expect(other).toEqual(one?.slice(6));
  for (let at = 0; at < 4; at++) {
    const shown = await ask(`/${id}`);
    expect(await shown.json()).toMatchObject({
      id,
      status: 'completed',
      output: [{ content: [{ type: 'output_text' }] }],
    });
    const next = await create({ previous_response_id: id });
    expect(next.status).toBe(200);
  }
  const ahead = await Promise.all(Array.from({ length: 2 }, () => ask(`/${id}?stream=true&starting_after=10000`)));
  expect(ahead.map(({ status }) => status)).toEqual([400, 400]);
});

test('runs, their readers and their ends are counted', async () => {
  const count = (name: string, labels?: Readonly<Record<string, string>>) => served.metric(`trunkline_${name}`, labels);
  await until(async () => (await count('run_readers')) === 0);
  expect([await count('runs'), await count('runs_started_total')]).toEqual([0, 1]);
  expect(await count('runs_ended_total', { outcome: 'completed' })).toBe(1);
  const resumes = await Promise.all(['memory', 'store'].map((log) => count('run_resumes_total', { log })));
  expect(resumes.filter((readers) => readers > 0)).toHaveLength(2);
  expect(resumes.reduce((sum, readers) => sum + readers)).toBe(10);
  expect(await count('run_bytes')).toBeGreaterThan(1000);
});

test('a run is cancelled and deleted through either process', async () => {
  const { ids, release } = await startMany(4, ENDLESS);
  release();
  const [cancelled = '', alsoCancelled = '', deleted = '', alsoDeleted = ''] = ids;
  for (const id of [cancelled, alsoCancelled]) {
    await ask(`/${id}/cancel`, { method: 'POST' });
    await ask(`/${id}/cancel`, { method: 'POST' });
    const events = await read(id);
    expect(events.at(-1)).toMatchObject({ type: 'response.incomplete', response: { status: 'cancelled' } });
  }
  for (const id of [deleted, alsoDeleted]) {
    expect((await ask(`/${id}`, { method: 'DELETE' })).status).toBe(200);
    await until(async () => (await ask(`/${id}`)).status === 404 && (await ask(`/${id}`)).status === 404);
  }
  await until(() => llm.count.open === 0);
});

test('runs of a killed process end with an event, whoever reads them, and those of the other one go on', async () => {
  const { ids, release } = await startMany(8);
  const waiting = ids.map(async (id) => {
    const events = await read(id).catch(() => []);
    return events.at(-1)?.type === undefined || !/completed|failed/.test(events.at(-1)?.type ?? '') ? read(id) : events;
  });
  // None of them may have ended before all have begun.
  await until(() => llm.count.open === 8);
  release();
  const [victim = 0] = sides().toReversed();
  process.kill(victim, 'SIGKILL');
  const all = await Promise.all(waiting);
  for (const events of all)
    expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, at) => at));
  const ends = all.map((events) => events.at(-1));
  const lost = ends.filter((end) => end?.type === 'response.failed');
  expect(lost.length).toBeGreaterThan(0);
  expect(lost.length).toBeLessThan(8);
  for (const end of lost) expect(end).toMatchObject({ response: { status: 'failed', error: { code: 'run_lost' } } });
  const states = await Promise.all(
    ids.map(async (id) => ((await (await ask(`/${id}`)).json()) as { status: string }).status),
  );
  expect(states.filter((state) => state === 'failed')).toHaveLength(lost.length);
  expect(states.filter((state) => state === 'completed')).toHaveLength(8 - lost.length);
  expect(await served.metric('trunkline_runs_ended_total', { outcome: 'lost' })).toBe(lost.length);
});

test('after a kill of everything a reader is told that the run is lost', async () => {
  const { ids, release } = await startMany(2, ENDLESS);
  release();
  await until(async () => {
    const shown = await Promise.all(ids.map(async (id) => (await ask(`/${id}`)).json()));
    return shown.every((one) => (one as { status: string }).status === 'in_progress');
  });
  killAll(served.child);
  await served.exited;
  served = await start();
  for (const id of ids) {
    const events = await read(id);
    expect(events.at(-1)).toMatchObject({ type: 'response.failed', response: { error: { code: 'run_lost' } } });
  }
});

describe('a chat whose answer has yet to begin', () => {
  const page = (path: string, body?: object) =>
    fetch(`${served.url.replace('ws', 'http')}/v1/ui/chat${path}`, {
      headers: { 'content-type': 'application/json', connection: 'close' },
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
    });
  const send = (id: string) =>
    page('', { id, model: MODEL, messages: [{ id: 'u', role: 'user', parts: [{ type: 'text', text: 'Hello' }] }] });
  const chunksOf = async (reply: Response): Promise<string[]> =>
    (await reply.text()).split('\n\n').filter((chunk) => chunk.startsWith('data: '));
  /** Half of them reach the process that makes the call, and half the other one. */
  const readAll = (id: string) =>
    Promise.all(Array.from({ length: 4 }, async () => chunksOf(await page(`/${id}/stream`))));
  /** Reads a chat through both processes, to which connections go in turn, as soon as the store has it: what is asked of the other one does not wait for that. */
  const readersOf = (id: string) =>
    until(async () => {
      const pair = [await page(`/${id}/stream`), await page(`/${id}/stream`)];
      if (pair.every(({ status }) => status === 200)) return pair;
      await Promise.all(pair.map(({ body }) => body?.cancel()));
      return false;
    });
  /** Asks in a chat, and resolves when the model was asked. */
  const begin = async (id: string, behaviour: LlmBehaviour) => {
    llm.change({ behaviour });
    const { requests } = llm.count;
    const reply = send(id);
    await until(() => llm.count.requests === requests + 1);
    return reply;
  };

  test('is read from its beginning through either process', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const readers = { are: readAll('none') };
    expect(await readers.are).toEqual([[], [], [], []]);
    llm.change({ behaviour: { text: 'One two three.', pieces: 4, after: promise } });
    const { requests } = llm.count;
    const own = send('early');
    await until(() => llm.count.requests === requests + 1);
    readers.are = readAll('early');
    // One that is told that there is nothing is told so at once; on a slow machine all ask when the answer is there.
    await Promise.race([readers.are, delay(1000)]);
    resolve();
    const whole = await chunksOf(await own);
    expect(whole.join('')).toContain('"finishReason":"stop"');
    for (const chunks of await readers.are) expect(chunks).toEqual(whole);
  });

  test('is stopped through either process', async () => {
    // Connections go to the processes in turn: the first stop is asked of the other process, the second one of the same.
    for (const between of [[], ['/none/stream']]) {
      const id = `stopped-${between.length}`;
      const { cancelled } = llm.count;
      const reply = begin(id, { hang: 'idle' });
      await until(() => llm.count.open === 1);
      const readers = (await readersOf(id)).map(chunksOf);
      for (const path of between) await page(path);
      expect((await page(`/${id}/stop`, {})).status).toBe(200);
      await until(() => llm.count.cancelled === cancelled + 1);
      await reply;
      for (const chunks of [...(await Promise.all(readers)), ...(await readAll(id))])
        expect(chunks.join('')).toContain('"type":"abort"');
    }
  });

  test('that comes to nothing says so to whoever comes back', async () => {
    const reply = await begin('failed', { status: 400 });
    expect(reply.status).toBe(400);
    const [one, ...others] = await readAll('failed');
    expect(one?.join('')).toMatch(/"type":"start".*"type":"error"/);
    for (const other of others) expect(other).toEqual(one);
  });

  test('ends with an error where its process was killed', async () => {
    llm.change({ behaviour: { hang: 'idle' } });
    const chats = ['k1', 'k2', 'k3', 'k4'];
    for (const id of chats) void send(id).catch(() => {});
    await until(() => llm.count.open === 4);
    const replies: Response[] = [];
    for (const id of chats) replies.push(...(await readersOf(id)));
    const readers = replies.map((reply) => reply.text().catch(() => undefined));
    const [victim = 0] = sides().toReversed();
    process.kill(victim, 'SIGKILL');
    await until(() => llm.count.open < 4);
    for (const id of chats) await page(`/${id}/stop`, {});
    const ends = (await Promise.all(readers)).filter((end) => end !== undefined);
    expect(ends).toHaveLength(4);
    const lost = /"type":"start".*the process that ran this response is gone/s;
    const kinds = ends.map((end) => (lost.test(end) ? 'lost' : end.includes('"type":"abort"') ? 'stopped' : end));
    expect(new Set(kinds)).toEqual(new Set(['lost', 'stopped']));
  });
});

test('what nobody read is in the ledger, a row for each call, and the budget holds what they cost', async () => {
  llm.change({ behaviour: { text: 'Unread.', pieces: 2 } });
  const controller = new AbortController();
  await create({ stream: true }, { signal: controller.signal });
  controller.abort();
  await until(() => llm.count.open === 0);
  // The calls of a killed process are lost once the one in its place has read what it held.
  await until(async () => {
    const { rows } = (await (await fetch(`${served.admin}/ledger/rows?limit=1000`)).json()) as { rows: LedgerRow[] };
    return rows.length > 0 && rows.every(({ outcome }) => outcome !== 'pending');
  });
  await served.stop();
  const store = await openStore({ url: 'sqlite', dataDirectory: data });
  const rows = await store.ledger({ limit: 1000 });
  expect(rows).toHaveLength(llm.count.requests);
  expect(rows.filter(({ outcome }) => outcome === 'pending')).toEqual([]);
  expect(rows[0]).toMatchObject({ outcome: 'ok', usage: { inputTokens: 10, outputTokens: 5 } });
  const spentMicroUsd = rows.reduce((sum, { costMicroUsd = 0 }) => sum + costMicroUsd, 0);
  expect(await store.budgetUse('*|*|total|0')).toEqual({ spentMicroUsd, reservedMicroUsd: 0 });
  await store.close();
});
