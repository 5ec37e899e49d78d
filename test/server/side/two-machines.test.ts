// Tests gateways and side processes as machines of their own, each with a supervisor and a data directory, on one Postgres: the machine
// that took a call and the one that works on it need not know each other.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LedgerRow } from '../../../server/ipc/stored-rows.ts';
import { openClient } from '../../support/gateway.ts';
import { type LlmGateway, llmGateway } from '../../support/llm-gateway.ts';
import { postgresForTests } from '../../support/postgres.ts';
import { killAll } from '../../support/processes.ts';
import type { FakeProvider } from '../../support/provider.ts';
import { type Served, serve } from '../../support/served.ts';
import { startTurnProvider, turn } from '../../support/turn-provider.ts';
import { until } from '../../support/until.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
const TITLE = { title: 'A title' };
/** Number of tasks that each machine runs at once. */
const AT_ONCE = 8;

interface TaskSeen {
  readonly id: string;
  readonly state: string;
  readonly attempts: number;
  readonly result: unknown;
}
interface SessionSeen {
  readonly state: string;
  readonly reason?: string;
  readonly turns: readonly { readonly user: string }[];
  readonly tasks: readonly TaskSeen[];
  readonly ledger: readonly LedgerRow[];
}
interface Message {
  readonly id: string;
  readonly type: string;
  readonly data: { readonly id: string };
}

const postgres = await postgresForTests();
let provider: FakeProvider;
let llm: LlmGateway;
let hook: { readonly url: string; readonly messages: readonly Message[]; close(): void };
/** Starts two machines with gateways, and two that run tasks. */
let gateways: readonly [Served, Served];
let sides: readonly [Served, Served];

async function startHook(): Promise<typeof hook> {
  const messages: Message[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    messages.push({ id: request.headers['webhook-id'] as string, ...JSON.parse(body) });
    response.writeHead(204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { messages, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close };
}

beforeAll(async () => {
  if (postgres === undefined) return;
  [provider, hook] = await Promise.all([startTurnProvider(), startHook()]);
  // The text of each task holds its name.
  const effectOf = ({ body }: { readonly body: unknown }) => /work-[\w-]+/.exec(JSON.stringify(body))?.[0] ?? '';
  llm = await llmGateway({ behaviour: { text: JSON.stringify(TITLE) }, effectOf });
  const scripted = { profile: 'openai-compatible', path: 'direct', baseUrl: llm.baseUrl, apiKey: 'x' };
  const config = {
    provider: provider.url,
    rehearsal: false,
    store: { url: await postgres.database() },
    transcripts: 'P30D',
    gateways: { scripted: { ...scripted, allowPrivate: true, concurrency: 200 } },
    classes: {
      plain: { targets: [{ gateway: 'scripted', model: 'plain-1' }], unknownPrice: 'allow' },
      // Nothing that was granted ends before all have been decided on.
      capped: {
        ...{ targets: [{ gateway: 'scripted', model: 'capped-1' }], maxTokens: 100 },
        ...{ timeoutMs: 600_000, deadlineMs: 600_000 },
      },
    },
    tasks: [{ kind: 'title', class: 'plain' }],
    // The budget allows 50 calls: one is worth a hundredth of a dollar at most.
    prices: { 'capped-1': { input: 0, output: 100 } },
    budgets: [{ class: 'capped', window: 'total', maxUsd: 0.5 }],
    webhooks: [{ url: hook.url, secret: 'hook-secret', events: ['task.done', 'session.ended'], allowPrivate: true }],
    side: { concurrency: AT_ONCE, leaseMs: 5000, ownerLeaseMs: 5000, pollMs: 50 },
  };
  const start = (role: string) => serve(config, undefined, ['--role', role]);
  const [one, two, three, four] = await Promise.all(['gateway', 'gateway', 'side', 'side'].map(start));
  gateways = [one, two] as [Served, Served];
  sides = [three, four] as [Served, Served];
});
afterAll(async () => {
  for (const machine of [...(gateways ?? []), ...(sides ?? [])]) {
    if (machine.child.exitCode === null && machine.child.signalCode === null) killAll(machine.child);
    await machine.exited;
  }
  await Promise.all([llm?.close(), provider?.close()]);
  hook?.close();
});

async function get<Body>(machine: Served, path: string): Promise<Body> {
  return (await (await fetch(machine.url.replace('ws', 'http') + path)).json()) as Body;
}

function post(machine: Served, path: string, body: object, headers: object = {}): Promise<Response> {
  return fetch(machine.url.replace('ws', 'http') + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

/** Asks for titles of texts with these names, through both gateways in turn. */
function requestTasks(name: string, count: number): Promise<string[]> {
  const one = async (index: number): Promise<string> => {
    const text = `This is work-${name}-${index}`;
    const reply = await post(gateways[index % 2] as Served, '/v1/tasks', { kind: 'title', text });
    expect(reply.status).toBe(202);
    return ((await reply.json()) as TaskSeen).id;
  };
  return Promise.all(Array.from({ length: count }, (_, index) => one(index)));
}

const allDone = (ids: readonly string[]): Promise<readonly TaskSeen[]> =>
  until(async () => {
    const tasks = await Promise.all(ids.map((id) => get<TaskSeen>(gateways[0], `/v1/tasks/${id}`)));
    return tasks.every(({ state }) => state === 'done') && tasks;
  });

/** Resolves with a session as a gateway machine shows it, when its tasks are done. */
const finished = (machine: Served, id: string): Promise<SessionSeen> =>
  until(async () => {
    const seen = await get<SessionSeen>(machine, `/v1/sessions/${id}`);
    return seen.tasks?.[0]?.state === 'done' && seen;
  });

const settledBy = (machine: Served): unknown[] =>
  machine.lines().flatMap(({ msg, task }) => (msg === 'a task was settled' ? [task] : []));

const timesDone = (name: string): readonly number[] =>
  [...llm.effects].flatMap(([work, times]) => (work.startsWith(`work-${name}-`) ? [times] : []));

/** Lets the LLM gateway answer nobody until `release`. */
function hold(): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  llm.change({ script: () => ({ after: promise }) });
  return () => {
    llm.change({ script: () => undefined });
    resolve();
  };
}

describe.skipIf(postgres === undefined)('machines that share a store', () => {
  test('a call on one machine ends with results from another, in one ledger, and one message for each', async () => {
    const id = '00000000-0000-4000-8000-00000000000a';
    const client = await openClient(`${gateways[0].url}${REALTIME}&trunkline-session=${id}`);
    const events = await fetch(`${gateways[0].url.replace('ws', 'http')}/v1/sessions/${id}/events`);
    await turn(client, 'work-call-1');
    await turn(client, 'and more');
    client.close();
    const seen = await finished(gateways[0], id);
    expect(seen).toMatchObject({ state: 'closed', reason: 'client-closed', tasks: [{ result: TITLE, attempts: 1 }] });
    expect(seen.turns.map(({ user }) => user)).toEqual(['asked work-call-1', 'asked and more']);
    expect(await events.text()).toMatch(/event: session.ended[\s\S]*event: task.done/);
    expect(await finished(gateways[1], id)).toMatchObject({ tasks: seen.tasks, ledger: seen.ledger });
    await until(() => sides.flatMap(settledBy).length > 0);
    expect(sides.flatMap(settledBy)).toEqual([`${id}.title`]);
    expect(gateways.flatMap(settledBy)).toEqual([]);

    expect(seen.ledger.map(({ kind, outcome }) => [kind, outcome]).sort()).toEqual([
      ['realtime', 'ok'],
      ['task', 'ok'],
    ]);
    const machines = [...gateways, ...sides];
    const ledgers = machines.map(async ({ admin }) => (await fetch(`${admin}/ledger/rows?session=${id}`)).json());
    // Operators see what apps said of a row, too.
    const rows = seen.ledger.map((row) => ({ ...row, feedback: [] }));
    for (const ledger of await Promise.all(ledgers)) expect(ledger).toEqual({ rows, next: null });

    await until(() => hook.messages.length >= 2);
    expect(hook.messages.map(({ type, data }) => [type, data.id]).sort()).toEqual([
      ['session.ended', id],
      ['task.done', `${id}.title`],
    ]);
  });

  test('each task is run once, whichever machine takes it', async () => {
    const release = hold();
    const ids = await requestTasks('once', 5 * AT_ONCE);
    await until(() => llm.count.open === 2 * AT_ONCE);
    release();
    const tasks = await allDone(ids);
    expect(tasks.map(({ attempts, result }) => ({ attempts, result }))).toEqual(
      ids.map(() => ({ attempts: 1, result: TITLE })),
    );
    expect(timesDone('once')).toEqual(ids.map(() => 1));
    const ownSettled = () => sides.map((side) => settledBy(side).filter((id) => ids.includes(id as string)));
    // The lines of the log may come behind the stored states.
    await until(() => ownSettled().flat().length >= ids.length);
    const [first, second] = ownSettled();
    expect([...(first ?? []), ...(second ?? [])].sort()).toEqual([...ids].sort());
    expect(Math.min(first?.length ?? 0, second?.length ?? 0)).toBeGreaterThanOrEqual(AT_ONCE);

    const messages = () => hook.messages.filter(({ data }) => ids.includes(data.id));
    await until(() => messages().length >= ids.length);
    expect(new Set(messages().map(({ id }) => id)).size).toBe(messages().length);
  });

  test('a request that waits for a task at one machine gets its result, although another one runs it', async () => {
    const reply = await post(gateways[0], '/v1/tasks', { kind: 'title', text: 'This is work-sync-1', mode: 'sync' });
    const task = (await reply.json()) as TaskSeen;
    expect([reply.status, task.state, task.result]).toEqual([200, 'done', TITLE]);
    // The line of the log may come behind the answer.
    await until(() => sides.flatMap(settledBy).includes(task.id));
  });

  test('exactly 50 of 200 calls at once through two machines are made in a budget that allows 50', async () => {
    const before = llm.count.requests;
    const release = hold();
    let refused = 0;
    const call = async (index: number): Promise<number> => {
      const body = { model: 'capped-1', messages: [{ role: 'user', content: 'Hello' }], max_tokens: 100 };
      const headers = { 'x-trunkline-class': 'capped' };
      const ask = () => post(gateways[index % 2] as Served, '/v1/chat/completions', body, headers);
      let reply = await ask();
      // A machine that is too busy to ask the store says so, and a client comes again.
      while (reply.status === 503) {
        await reply.arrayBuffer();
        reply = await ask();
      }
      await reply.arrayBuffer();
      if (reply.status !== 200) refused += 1;
      return reply.status;
    };
    const calls = Promise.all(Array.from({ length: 200 }, (_, index) => call(index)));
    // The calls that were granted have only reserved, since none has been answered.
    await until(() => refused === 150);
    release();
    const statuses = await calls;
    expect([200, 429].map((wanted) => statuses.filter((status) => status === wanted).length)).toEqual([50, 150]);
    expect(llm.count.requests - before).toBe(50);
  });

  test('tasks of a killed machine are taken over after their lease, and others are left alone', async () => {
    const release = hold();
    const ids = await requestTasks('killed', 2 * AT_ONCE);
    await until(() => llm.count.open === 2 * AT_ONCE);
    killAll(sides[1].child);
    await sides[1].exited;
    // The requests of the killed machine are not answered any more.
    await until(() => llm.count.open === AT_ONCE);
    release();
    const tasks = await allDone(ids);
    expect(tasks.map(({ attempts }) => attempts).sort()).toEqual(ids.map((_, index) => (index < AT_ONCE ? 1 : 2)));
    expect(timesDone('killed')).toEqual(ids.map(() => 1));
  });

  test('sessions of a killed machine are ended by another one after its lease, and their tasks run', async () => {
    const id = '00000000-0000-4000-8000-00000000000b';
    const client = await openClient(`${gateways[1].url}${REALTIME}&trunkline-session=${id}`);
    await turn(client, 'work-call-2');
    await until(async () => (await get<SessionSeen>(gateways[0], `/v1/sessions/${id}`)).turns?.length === 1);
    killAll(gateways[1].child);
    await gateways[1].exited;
    const seen = await finished(gateways[0], id);
    expect(seen).toMatchObject({ state: 'closed', reason: 'recovered', tasks: [{ result: TITLE, attempts: 1 }] });
    expect(seen.turns).toMatchObject([{ user: 'asked work-call-2', assistant: 'work-call-2' }]);
    const realtime = () => get<SessionSeen>(gateways[0], `/v1/sessions/${id}`).then(({ ledger }) => ledger);
    const row = await until(async () => (await realtime()).find(({ outcome }) => outcome === 'recovered'));
    expect(row).toMatchObject({ kind: 'realtime', usage: { totalTokens: 10 } });
    await until(() => hook.messages.some(({ type, data }) => type === 'session.ended' && data.id === id));
  });
});
