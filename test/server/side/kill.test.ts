// Tests kill -9 at any moment, in the middle of calls: acknowledged rows are there, nothing counts twice, every session has an end.
// TRUNKLINE_LONG=1 runs 200 rounds of the side process and 1,000 of all processes, else 8 and 4.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { encodeMsgpack } from '../../../codecs/msgpack.ts';
import { loadConfig } from '../../../server/config/load.ts';
import { Rpc } from '../../../server/ipc/channel/rpc.ts';
import type { SideStart } from '../../../server/ipc/process-start.ts';
import type { SessionEvent } from '../../../server/ipc/session-event.ts';
import { entry } from '../../../server/platform/entry.ts';
import { configFile } from '../../support/config-file.ts';
import { openClient } from '../../support/gateway.ts';
import { closed, message } from '../../support/inbox.ts';
import { childrenOf, killAll } from '../../support/processes.ts';
import { type FakeProvider, startProvider } from '../../support/provider.ts';
import { seededRandom } from '../../support/random.ts';
import { type Served, serve } from '../../support/served.ts';
import { storedCalls } from '../../support/stored.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { timesText } from '../../support/times-text.ts';
import { until } from '../../support/until.ts';

const isLong = process.env.TRUNKLINE_LONG === '1';
const ROUNDS = isLong ? 200 : 8;
const mode = `${ROUNDS} rounds, ${isLong ? 'TRUNKLINE_LONG=1' : 'the short mode'}`;
const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
const chance = seededRandom(4);
const between = (least: number, most: number): number => least + chance.below(Math.max(1, most - least));

/** Settings whose tasks are armed and released, and wait for a gateway that is not there. */
const config = {
  transcripts: 'P30D',
  gateways: {
    nowhere: {
      profile: 'openai-compatible',
      path: 'direct',
      baseUrl: 'http://127.0.0.1:9',
      apiKey: 'x',
      allowPrivate: true,
    },
  },
  classes: { plain: { targets: [{ gateway: 'nowhere', model: 'm' }], unknownPrice: 'allow' } },
  tasks: [{ kind: 'summary', class: 'plain', when: 'end' }],
};

/** Checks a session when everything has been killed and recovered. `acknowledged` are turns that were seen to be stored. */
async function check(data: string, acknowledged: ReadonlyMap<string, number>, sent: ReadonlyMap<string, number>) {
  const calls = await storedCalls(data);
  const found = new Map(calls.map((call) => [call.session.id, call]));
  for (const [id, turns] of acknowledged) expect(found.get(id)?.turns.length ?? -1).toBeGreaterThanOrEqual(turns);
  for (const { session, turns, ledger, tasks } of calls) {
    expect(session.endedAt).toBeTypeOf('number');
    expect(session.reason).toMatch(/^(recovered|gateway-lost|client-closed|client-lost|provider-closed|drained)$/);
    expect(turns.length).toBeLessThanOrEqual(sent.get(session.id) ?? 0);
    expect(turns.map(({ number, user }) => [number, user])).toEqual(
      turns.map((_, index) => [index + 1, `turn ${index + 1}`]),
    );
    const realtime = ledger.filter(({ kind }) => kind === 'realtime');
    // The last turn may have no answer: a client may leave in mid-turn.
    const answered = turns.filter(({ assistant }) => assistant === 'yes').length;
    expect(realtime.map(({ usage }) => usage.totalTokens ?? 0)).toEqual([10 * answered]);
    expect(realtime[0]?.outcome).not.toBe('pending');
    expect(tasks.map(({ kind }) => kind)).toEqual(['summary']);
    expect(tasks[0]?.runAt).toBeLessThan(Date.now() + 3_600_000);
  }
  return calls;
}

test(`no acknowledged turn is lost while the side process is killed (${mode})`, {
  timeout: ROUNDS * 40_000,
}, async () => {
  const data = temporaryFolder('killed-side');
  const loaded = loadConfig({ file: configFile(config), data, env: {} });
  const start: SideStart = {
    config: loaded,
    instance: 'one',
    isOwner: true,
    isAlone: true,
    runsTasks: false,
    rehearsalUrl: undefined,
  };
  const acknowledged = new Map<string, number>();
  const sent = new Map<string, number>();
  const open = new Map<string, number>();
  let unacknowledged: SessionEvent[] = [];

  async function run(): Promise<{ child: ChildProcess; channel: Rpc }> {
    const child = fork(entry('side/process'), {
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc', 'pipe', 'pipe'],
    });
    const channel = new Rpc(child, {});
    await channel.call('start', start);
    return { child, channel };
  }

  for (let round = 0; round < ROUNDS; round++) {
    const { child, channel } = await run();
    const dead = once(child, 'exit');
    const doom = delay(between(0, 150)).then(() => child.kill('SIGKILL'));
    // Unacknowledged events come again before anything else, as from a gateway.
    for (let isUp = true; isUp; ) {
      const items = unacknowledged.length > 0 ? unacknowledged : someItems(open, sent);
      unacknowledged = items;
      isUp = await channel.call('commitEvents', encodeMsgpack(items)).then(
        () => true,
        () => false,
      );
      if (!isUp) break;
      unacknowledged = [];
      for (const item of items) {
        if (item.kind === 'started') acknowledged.set(item.id, 0);
        if (item.kind === 'turn') acknowledged.set(item.session, item.number);
      }
    }
    await doom;
    await dead;
  }
  // The last process runs as another instance, so that it recovers the sessions.
  const { child, channel } = await run().then(async (last) => {
    last.child.kill('SIGKILL');
    await once(last.child, 'exit');
    Object.assign(start, { instance: 'two' });
    return run();
  });
  await channel.call('close', 1000);
  child.disconnect();
  await once(child, 'exit');
  const calls = await check(data, acknowledged, sent);
  expect(calls.length).toBeGreaterThan(ROUNDS / 2);
  expect([...acknowledged.values()].reduce((sum, turns) => sum + turns, 0)).toBeGreaterThan(ROUNDS);
});

/** Makes events of a few sessions that begin, go on and end. */
function someItems(open: Map<string, number>, sent: Map<string, number>): SessionEvent[] {
  const items: SessionEvent[] = [];
  for (let count = between(1, 12); count > 0; count--) {
    const ids = [...open.keys()];
    const id = ids[between(0, ids.length)];
    if (id === undefined || (open.size < 10 && chance.below(5) === 0)) items.push(begin(open, sent));
    else if (chance.below(10) === 0) items.push(finish(id, open));
    else items.push(speak(id, open, sent));
  }
  return items;
}

let sessions = 0;
const of = { provider: 'openai', route: '/v1/realtime', dialect: 'openai-realtime', model: 'gpt-realtime-2.1' };
const who = {
  key: undefined,
  team: undefined,
  promptClass: 'realtime',
  dataClass: 'open',
  isRehearsal: false,
} as const;

function begin(open: Map<string, number>, sent: Map<string, number>): SessionEvent {
  sessions += 1;
  const id = `00000000-0000-4000-8000-${String(sessions).padStart(12, '0')}`;
  open.set(id, 0);
  sent.set(id, 0);
  return { kind: 'started', id, ...of, ...who, startedAt: Date.now() };
}

function speak(id: string, open: Map<string, number>, sent: Map<string, number>): SessionEvent {
  const number = (open.get(id) ?? 0) + 1;
  open.set(id, number);
  sent.set(id, number);
  const at = Date.now();
  const words = { user: `turn ${number}`, assistant: 'yes', isInterrupted: false, startedAt: at, endedAt: at };
  return { kind: 'turn', session: id, number, ...words, usage: { totalTokens: 10 * number }, model: undefined };
}

function finish(id: string, open: Map<string, number>): SessionEvent {
  const usage = { totalTokens: 10 * (open.get(id) ?? 0) };
  open.delete(id);
  return { kind: 'ended', id, endedAt: Date.now(), record: { id, reason: 'client-closed', usage } as never };
}

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startProvider({
    onSession: (ws) =>
      ws.on('message', () => {
        ws.send(JSON.stringify({ type: 'response.output_text.delta', delta: 'x' }));
        ws.send(JSON.stringify({ type: 'response.output_text.done', text: 'yes' }));
        ws.send(
          JSON.stringify({ type: 'response.done', response: { status: 'completed', usage: { total_tokens: 10 } } }),
        );
      }),
  });
});
afterAll(() => provider.close());

const VICTIMS = ['gateway', 'side', 'supervisor', 'all'] as const;
const KILLS = isLong ? 1000 : VICTIMS.length;
type Victim = (typeof VICTIMS)[number];
const HEADERS = { authorization: 'Bearer secret-of-web' };
/** Sessions have no more places than a round opens: the next one needs those of the sessions that were killed. */
const keys = [{ id: 'web', secret: 'secret-of-web', maxSessions: 2 }];

/** Kills one kind of process, or all. Resolves with the gateway that serves then, and how long that took. */
async function killOne(victim: Victim, served: Served, again: () => Promise<Served>) {
  const { pid = 0 } = served.child;
  const from = performance.now();
  if (victim === 'supervisor' || victim === 'all') {
    if (victim === 'all') killAll(served.child);
    else process.kill(pid, 'SIGKILL');
    await served.exited;
    const startedAt = performance.now();
    return { served: await again(), ms: performance.now() - startedAt };
  }
  const processes = () => childrenOf(pid, `${victim}/process`);
  const [killed = 0] = processes();
  process.kill(killed, 'SIGKILL');
  await until(() => processes().some((one) => one !== killed));
  await until(async () => (await fetch(`${served.admin}/readyz`).catch(() => undefined))?.status === 200);
  return { served, ms: performance.now() - from };
}

/** Opens a session as soon as there is a place for it. */
async function openWhenFree(served: Served, id: string): Promise<WebSocket> {
  const opened = () => openClient(`${served.url}${REALTIME}&trunkline-session=${id}`, { headers: HEADERS });
  return await until(() => opened().catch(() => undefined));
}

test(`every session has an end and nothing counts twice, whichever process is killed (${KILLS} rounds)`, {
  timeout: KILLS * 60_000,
}, async () => {
  const data = temporaryFolder('killed-any');
  const again = () => serve({ provider: provider.url, ...config, keys }, data);
  const acknowledged = new Map<string, number>();
  const sent = new Map<string, number>();
  const readyMs = new Map<Victim, number[]>(VICTIMS.map((victim) => [victim, []]));
  const placesMs: number[] = [];
  let served = await again();
  for (let round = 0; round < KILLS; round++) {
    const ids = [0, 1].map((index) => `00000000-0000-4000-9000-${String(2 * round + index).padStart(12, '0')}`);
    const from = performance.now();
    const clients = await Promise.all(ids.map((id) => openWhenFree(served, id)));
    placesMs.push(performance.now() - from);
    const talking = clients.map((client, one) => talk(client, ids[one] ?? '', sent));
    const end = Date.now() + between(50, 400);
    while (Date.now() < end) await Promise.all(ids.map((id) => look(served, id, acknowledged)));
    if (round % 5 === 4) clients[0]?.close(1000);
    await delay(between(0, 40));
    const victim = VICTIMS[round < VICTIMS.length ? round : between(0, VICTIMS.length)] ?? 'all';
    const killed = await killOne(victim, served, again);
    served = killed.served;
    readyMs.get(victim)?.push(killed.ms);
    if (victim === 'side') expect(clients[1]?.readyState).toBe(1);
    for (const client of clients) client.terminate();
    await Promise.all(talking);
  }
  killAll(served.child);
  await served.exited;
  await (await again()).stop();
  const calls = await check(data, acknowledged, sent);
  const turns = [...acknowledged.values()].reduce((sum, count) => sum + count, 0);
  const times = [...readyMs].map(([victim, of]) => `${victim} ${of.length} times, ready ${timesText(of)}`);
  process.stdout.write(
    `${KILLS} kills: ${calls.length} sessions, ${turns} acknowledged turns; ${times.join('; ')}; places ${timesText(placesMs)}\n`,
  );
  expect(calls.length).toBeGreaterThan(KILLS / 2);
  expect([...acknowledged.values()].filter((count) => count > 0).length).toBeGreaterThan(KILLS / 8);
});

/** Speaks turn after turn, until the connection is gone. */
async function talk(client: WebSocket, id: string, sent: Map<string, number>): Promise<void> {
  const gone = closed(client);
  for (let number = 1; client.readyState === client.OPEN; number++) {
    const content = [{ type: 'input_text', text: `turn ${number}` }];
    sent.set(id, number);
    client.send(JSON.stringify({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content } }));
    for (let event = 0; event < 3; event++) await Promise.race([message(client), gone]);
    await delay(between(2, 20));
  }
}

/** Reads a session as its owner sees it. */
async function look(served: Served, id: string, acknowledged: Map<string, number>): Promise<void> {
  const url = `${served.url.replace('ws', 'http')}/v1/sessions/${id}`;
  const reply = await fetch(url, { headers: { ...HEADERS, connection: 'close' } }).catch(() => undefined);
  if (!reply?.ok) return;
  const { turns, tasks } = (await reply.json()) as Record<'turns' | 'tasks', readonly unknown[] | undefined>;
  // A session that lives is shown before it is stored; its task is written together with it.
  if (turns !== undefined && tasks?.length) acknowledged.set(id, Math.max(acknowledged.get(id) ?? 0, turns.length));
}
