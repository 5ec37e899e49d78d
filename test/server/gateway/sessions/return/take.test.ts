// Tests over real processes and real stores that a session outlives its gateway: it is left at its turn of a drain, and goes on at another machine, or at
// the next start.

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { connectVoice, type GatewayProblem, type SocketClose } from '../../../../../client/index.ts';
import { openClient, refusedUpgrade } from '../../../../support/gateway.ts';
import { closed, message } from '../../../../support/inbox.ts';
import { postgresForTests } from '../../../../support/postgres.ts';
import {
  type ProviderLeg,
  type RealtimeProvider,
  startRealtimeProvider,
} from '../../../../support/realtime-provider.ts';
import { type Served, serve } from '../../../../support/served.ts';
import { until } from '../../../../support/until.ts';

const postgres = await postgresForTests();
const KEY = 'secret-of-app';
const bearer = { headers: { authorization: `Bearer ${KEY}` } };
const PATH = '/v1/realtime?model=gpt-realtime-2.1';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const config = (provider: RealtimeProvider, more: Record<string, unknown> = {}) => ({
  provider: provider.provider.url,
  rehearsal: false,
  tasks: [],
  keys: [
    { id: 'app', secret: KEY },
    { id: 'other', secret: 'secret-of-other' },
  ],
  limits: { drainMs: 2000 },
  ...more,
});

async function start(provider: RealtimeProvider, more: Record<string, unknown> = {}, data?: string): Promise<Served> {
  const machine = await serve(config(provider, more), data);
  ends.push(() => machine.stop());
  return machine;
}

async function startUpstream(): Promise<RealtimeProvider> {
  const upstream = await startRealtimeProvider();
  ends.push(() => upstream.close());
  return upstream;
}

/** A balancer in front of machines, which sends clients to one of them. */
async function balancer() {
  const open = new Set<Socket>();
  const front = { port: 0, address: '' };
  const server = createServer((near) => {
    const far = connect(front.port, '127.0.0.1');
    open.add(near);
    near.on('error', () => {}).once('close', () => open.delete(near) && far.destroy());
    far.on('error', () => {}).once('close', () => near.destroy());
    near.pipe(far).pipe(near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  front.address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  ends.push(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return front;
}

type Event = Record<string, unknown> & { readonly type: string };

async function call(front: { readonly address: string }, upstream: RealtimeProvider) {
  const heard = { resuming: [] as number[], resumed: 0, opened: 0, over: [] as (SocketClose | GatewayProblem)[] };
  const events: Event[] = [];
  const session = connectVoice({
    ...{ gateway: front.address, path: '/v1/realtime', query: { model: 'gpt-realtime-2.1' } },
    ...{ credential: KEY, survives: 'both', continues: false },
    onOpen: () => {
      heard.opened += 1;
    },
    onMessage: (event) => events.push(event as Event),
    onResuming: ({ code }) => heard.resuming.push(code),
    onResumed: () => {
      heard.resumed += 1;
    },
    onClose: (cause) => heard.over.push(cause),
  });
  ends.push(() => session.close());
  const leg = async (number: number): Promise<ProviderLeg> => {
    await until(() => upstream.legs.length >= number);
    return upstream.legs[number - 1] as ProviderLeg;
  };
  await until(() => events.length > 0);
  const types = () => events.map(({ type }) => type);
  const ask = async (words: string): Promise<void> => {
    const before = types().filter((type) => type === 'response.done').length;
    const item = { id: `said_${words}`, type: 'message', role: 'user', content: [{ type: 'input_text', text: words }] };
    session.send({ type: 'conversation.item.create', item });
    session.send({ type: 'response.create' });
    await until(() => types().filter((type) => type === 'response.done').length > before);
  };
  return { session, events, types, heard, leg, ask };
}

interface Kept {
  readonly state: string;
  readonly reason?: string;
  readonly frames?: { readonly upstream: number };
  readonly turns: { readonly number: number; readonly user: string }[];
  readonly ledger: { readonly usage: { readonly totalTokens: number }; readonly outcome: string }[];
}

const keptOf = async ({ url }: Served, id: string): Promise<Kept> =>
  (await (await fetch(`${url.replace('ws', 'http')}/v1/sessions/${id}`, bearer)).json()) as Kept;

/** Plays a call of which the first half is at one machine, and the second at the next. */
async function playMove(
  upstream: RealtimeProvider,
  first: Served,
  next: () => Promise<Served>,
  signal: 'SIGTERM' | 'SIGUSR2' = 'SIGTERM',
): Promise<void> {
  const front = await balancer();
  front.port = first.run.listen.port;
  const { session, types, heard, leg, ask } = await call(front, upstream);
  const { id } = session;
  session.send({ type: 'session.update', session: { type: 'realtime', instructions: 'Be brief.' } });
  await until(() => types().includes('session.updated'));
  await ask('one');
  const before = types();
  first.child.kill(signal);
  const second = await next();
  front.port = second.run.listen.port;
  await until(() => heard.resumed === 1);
  expect(heard).toMatchObject({ resuming: [4012], opened: 1, over: [] });
  await ask('two');
  const { told, items } = await leg(2);
  expect(told[0]).toMatchObject({ type: 'session.update', session: { instructions: 'Be brief.' } });
  expect([...items.keys()]).toEqual(expect.arrayContaining(['said_one', 'said_two']));
  expect(types().filter((type) => type === 'session.created')).toEqual(['session.created']);
  // All that is said at the first socket is there once, and so is all that is said at the second.
  expect(types().slice(0, before.length)).toEqual(before);
  expect(types().slice(before.length)).toEqual(before.slice(before.lastIndexOf('session.updated') + 1));
  session.close();
  await until(async () => (await keptOf(second, id)).state === 'closed');
  const kept = await until(async () => {
    const now = await keptOf(second, id);
    return now.ledger[0]?.outcome === 'ok' && now.turns.length > 1 ? now : undefined;
  });
  expect(kept.reason).toBe('client-closed');
  expect(kept.ledger.map(({ usage }) => usage.totalTokens)).toEqual([6]);
  expect(kept.turns.map(({ number }) => number)).toEqual([1, 2]);
  expect(kept.frames?.upstream).toBe(5);
}

test('a session goes on at the next start of the same machine, from the store that it left', async () => {
  const upstream = await startUpstream();
  const first = await start(upstream);
  await playMove(upstream, first, async () => {
    await first.exited;
    return start(upstream, {}, first.data);
  });
});

test('a session goes on in the new processes of a restart', async () => {
  const upstream = await startUpstream();
  const first = await start(upstream, { processes: 2 });
  await playMove(upstream, first, async () => first, 'SIGUSR2');
});

describe.skipIf(postgres === undefined)('on another machine of the same store', () => {
  async function machines(more: Record<string, unknown> = {}): Promise<[RealtimeProvider, Served, Served]> {
    const upstream = await startUpstream();
    const store = { store: { url: await postgres?.database() }, ...more };
    return [upstream, await start(upstream, store), await start(upstream, store)];
  }

  test('a session goes on while its own still drains', async () => {
    const [upstream, first, second] = await machines();
    await playMove(upstream, first, async () => second);
  });

  test('one of two that come back gets the session, and nobody without its credential learns of it', async () => {
    const [, first, second] = await machines();
    const id = crypto.randomUUID();
    const client = await openClient(`${first.url}${PATH}&trunkline-survive=both&trunkline-session=${id}`, bearer);
    await message(client);
    first.child.kill('SIGTERM');
    expect(await closed(client)).toMatchObject({ code: 4012 });
    const resume = `${second.url}${PATH}&trunkline-resume=${id}.1`;
    const state = await fetch(`${second.url.replace('ws', 'http')}/v1/sessions/${id}/resume`, bearer);
    expect(await state.json()).toMatchObject({ received: 0, sent: 1, expiresAt: expect.any(String) });
    const other = await refusedUpgrade(resume, { headers: { authorization: 'Bearer secret-of-other' } });
    expect(other.status).toBe(404);
    const back = await Promise.allSettled([openClient(resume, bearer), openClient(resume, bearer)]);
    const open = back.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    // The second comes back to the first one's session, where that is there already, or is told that there is none.
    expect(open.length).toBeGreaterThan(0);
    await until(async () => (await second.sessions()).length === 1);
    for (const ws of open) ws.close();
  });

  test.each([
    ['that does not survive its provider', 'client', {}],
    ['whose texts are not kept', 'both', { transcripts: 'off' }],
  ])('a session %s ends with 1001 as others do', async (_, survive, more) => {
    const [, first] = await machines(more);
    const client = await openClient(`${first.url}${PATH}&trunkline-survive=${survive}`, bearer);
    await message(client);
    first.child.kill('SIGTERM');
    expect(await closed(client)).toMatchObject({ code: 1001 });
  });
});
