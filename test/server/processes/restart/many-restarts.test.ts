// Tests that nobody notices restarts: not who has a call, not who opens one, and not who reads the ledger.
// TRUNKLINE_LONG=1 runs 20 restarts under 200 calls and 50 new ones a second, and prints what it found; else 2 under 20 and 10.

import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { openReader } from '../../../../server/side/store/open.ts';
import { openClient } from '../../../support/gateway.ts';
import { closed, message } from '../../../support/inbox.ts';
import { postgresForTests } from '../../../support/postgres.ts';
import { type FakeProvider, startProvider } from '../../../support/provider.ts';
import { type Served, serve } from '../../../support/served.ts';
import { until } from '../../../support/until.ts';

const isLong = process.env.TRUNKLINE_LONG === '1';
const [RESTARTS, CALLS, NEW_PER_S] = isLong ? [20, 200, 50] : [2, 20, 10];
/** Time between two restarts, and within a call between two of its turns. */
const [PAUSE_MS, TURN_MS] = isLong ? [2000, 1000] : [300, 100];
/** Turns of a call that lives for a while. */
const LONG_CALL = isLong ? 12 : 20;
const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
const TOKENS = { total_tokens: 30, input_tokens: 10, output_tokens: 20 };

const postgres = await postgresForTests();
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Speaks a turn in three events. */
async function speak(ws: WebSocket): Promise<void> {
  const send = (event: object): void => ws.send(JSON.stringify(event));
  send({ type: 'response.created', response: { id: 'r', status: 'in_progress' } });
  await delay(20);
  send({ type: 'response.output_audio.delta', response_id: 'r', delta: 'AAAA' });
  await delay(20);
  send({ type: 'response.done', response: { id: 'r', status: 'completed', output: [], usage: TOKENS } });
}

async function startSpeaking(): Promise<FakeProvider> {
  const provider = await startProvider({ onSession: (ws) => ws.on('message', () => void speak(ws)) });
  ends.push(() => provider.close());
  return provider;
}

interface Seen {
  /** Turns that each call was served whole, by its id. */
  readonly turns: Map<string, number>;
  readonly refused: string[];
  readonly cut: string[];
  readonly closed: string[];
}

/** Opens a call, has so many turns, and leaves. */
async function call(url: string, turns: number, seen: Seen): Promise<void> {
  const id = crypto.randomUUID();
  const client = await openClient(`${url}${REALTIME}&trunkline-session=${id}`).catch((error: Error) => error.message);
  if (typeof client === 'string') return void seen.refused.push(client);
  const end = closed(client).then(({ code }) => `closed with ${code}`);
  seen.turns.set(id, 0);
  for (let turn = 1; turn <= turns; turn++) {
    client.send('{"type":"response.create"}');
    for (let event = 0; event < 3; event++) {
      const got = await Promise.race([message(client), end]);
      if (typeof got === 'string') return void seen.cut.push(got);
    }
    seen.turns.set(id, turn);
    const early = await Promise.race([delay(TURN_MS), end]);
    if (early !== undefined) return void seen.closed.push(early);
  }
  client.close(1000);
  await end;
}

interface Load {
  readonly seen: Seen;
  stop(): Promise<void>;
}

/** Keeps so many calls alive, and opens short ones at this rate beside them. */
function startLoad(urls: readonly string[]): Load {
  const seen: Seen = { turns: new Map(), refused: [], cut: [], closed: [] };
  const running = new Set<Promise<void>>();
  let isOver = false;
  let opened = 0;
  const run = (turns: number): Promise<void> => {
    const one = call(urls[++opened % urls.length] as string, turns, seen).finally(() => running.delete(one));
    running.add(one);
    return one;
  };
  const keep = async (): Promise<void> => {
    // They begin at their own time, and end so.
    await delay(Math.random() * TURN_MS);
    while (!isOver) await run(1 + Math.ceil(Math.random() * LONG_CALL));
  };
  const kept = Array.from({ length: CALLS }, keep);
  const timer = setInterval(() => void run(1), 1000 / NEW_PER_S);
  return {
    seen,
    async stop() {
      isOver = true;
      clearInterval(timer);
      await Promise.all([...kept, ...running]);
    },
  };
}

async function restart({ admin }: Served): Promise<number> {
  const answer = await fetch(`${admin}/restart`, { method: 'POST', headers: { connection: 'close' } });
  const body = (await answer.json()) as { readyMs: number };
  expect({ status: answer.status, body }).toMatchObject({ status: 200 });
  return body.readyMs;
}

interface StoredSums {
  readonly id: string;
  readonly reason: string;
  readonly rows: number;
  readonly tokens: number;
  readonly cost: number;
  readonly pending: number;
}

async function storedSums(url: string, dataDirectory: string): Promise<readonly StoredSums[]> {
  const store = await openReader({ url, dataDirectory });
  try {
    const rows = await store.query(
      `select session.id as id, reason, count(ledger.id) as "rows", sum(total_tokens) as tokens, sum(cost_micro_usd) as cost,
         sum(case outcome when 'pending' then 1 else 0 end) as pending
       from session left join ledger on ledger.session = session.id and kind = 'realtime' group by session.id, reason`,
    );
    const number = (value: unknown): number => Number(value ?? 0);
    return rows.map(({ id, reason, ...sums }) => ({
      ...{ id: String(id), reason: String(reason), rows: number(sums.rows), tokens: number(sums.tokens) },
      ...{ cost: number(sums.cost), pending: number(sums.pending) },
    }));
  } finally {
    await store.close();
  }
}

function expectExact(stored: readonly StoredSums[], { turns }: Seen): void {
  expect(stored.map(({ id }) => id).sort()).toEqual([...turns.keys()].sort());
  const [one] = stored.filter(({ id }) => turns.get(id) === 1);
  const costOfTurn = one?.cost ?? 0;
  expect(costOfTurn).toBeGreaterThan(0);
  const wrong = stored.filter(({ id, reason, rows, tokens, cost, pending }) => {
    const served = turns.get(id) ?? 0;
    const isRight = rows === 1 && pending === 0 && reason === 'client-closed' && tokens === 30 * served;
    return !isRight || cost !== costOfTurn * served;
  });
  expect(wrong).toEqual([]);
}

function print(what: string, { turns }: Seen, readyMs: readonly number[]): void {
  const sorted = readyMs.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.ceil(share * (sorted.length - 1))] ?? 0;
  const served = [...turns.values()].reduce((sum, count) => sum + count, 0);
  const ready = `ready p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)} ms`;
  if (isLong) console.info(`${what}: ${readyMs.length} restarts, ${turns.size} calls, ${served} turns, ${ready}`);
}

async function restartUnderLoad(what: string, machines: readonly Served[], url: string): Promise<void> {
  const load = startLoad(machines.map((machine) => machine.url));
  const readyMs: number[] = [];
  await until(() => [...load.seen.turns.values()].filter((turns) => turns > 0).length > CALLS);
  for (let round = 0; round < RESTARTS; round++) {
    readyMs.push(await restart(machines[round % machines.length] as Served));
    await delay(PAUSE_MS);
  }
  await load.stop();
  for (const machine of machines) {
    machine.child.kill('SIGTERM');
    expect(await machine.exited).toEqual({ code: 0, signal: null });
  }
  print(what, load.seen, readyMs);
  const faults = machines.flatMap((machine) => machine.lines().filter(({ level }) => Number(level) >= 50));
  expect(faults).toEqual([]);
  const { refused, cut, closed: wrong } = load.seen;
  expect({ refused, cut, wrong }).toEqual({ refused: [], cut: [], wrong: [] });
  expectExact(await storedSums(url, (machines[0] as Served).data), load.seen);
}

const LIMIT_MS = isLong ? 900_000 : 180_000;

test(`${RESTARTS} restarts on SQLite`, { timeout: LIMIT_MS }, async () => {
  const provider = await startSpeaking();
  const machine = await serve({ provider: provider.url, rehearsal: false, processes: 2, tasks: [] });
  ends.push(async () => machine.child.kill('SIGKILL'));
  await restartUnderLoad('SQLite', [machine], 'sqlite');
});

test.runIf(isLong && postgres !== undefined)(
  `${RESTARTS} restarts of two machines on one Postgres`,
  { timeout: LIMIT_MS },
  async () => {
    const provider = await startSpeaking();
    const store = { url: (await postgres?.database()) ?? '' };
    const config = { provider: provider.url, rehearsal: false, tasks: [], store };
    const machines = await Promise.all([0, 1].map(() => serve(config)));
    ends.push(async () => machines.map((machine) => machine.child.kill('SIGKILL')));
    await restartUnderLoad('two machines on Postgres', machines, store.url);
  },
);
