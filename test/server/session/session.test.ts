// The life of a session: its limits, its end, its record, and that it ends alone.

import { afterEach, describe, expect, test, vi } from 'vitest';
import type { WebSocket } from 'ws';
import type { Dialect } from '../../../adapters/realtime/contract/dialect.ts';
import { findEndpoint, providers } from '../../../adapters/realtime/index.ts';
import type { Frame } from '../../../codecs/websocket/frame.ts';
import type { SessionSubject } from '../../../server/session/subject.ts';
import { openContinuedSession } from '../../support/continued-session.ts';
import { heldBack } from '../../support/flow.ts';
import { openClient, startGateway, type TestGateway } from '../../support/gateway.ts';
import { closed, message } from '../../support/inbox.ts';
import { type FakeProvider, startProvider } from '../../support/provider.ts';
import { closeBytes, closeOf, frameBytes, upgradeRaw } from '../../support/raw-socket.ts';
import { destroySocketPairs } from '../../support/socket-pair.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
let provider: FakeProvider;
let gateway: TestGateway;

afterEach(async () => {
  vi.restoreAllMocks();
  destroySocketPairs();
  await gateway?.close();
  await provider?.close();
});

async function start(config: Record<string, unknown> = {}): Promise<void> {
  provider = await startProvider();
  gateway = await startGateway({ provider: provider.url, ...config });
}

async function open(target = REALTIME): Promise<{ client: WebSocket; upstream: WebSocket }> {
  const client = await openClient(gateway.url + target);
  return { client, upstream: await provider.next() };
}

async function pass(from: WebSocket, to: WebSocket, text: string): Promise<void> {
  from.send(text);
  expect((await message(to)).data.toString()).toBe(text);
}

describe('the usage of a session', () => {
  const dialect = findEndpoint('/v1/realtime')?.endpoint.dialect as Dialect;
  const done = (tokens: number) => {
    const event = { type: 'response.done', response: { usage: { input_tokens: tokens } } };
    return frameBytes(1, JSON.stringify(event), { masked: false });
  };

  async function endAfterOneReply(billedBy: SessionSubject['billedBy']) {
    const { client, upstream, ended } = await openContinuedSession({ dialect, billedBy });
    upstream.send(done(7));
    await client.frame();
    // Long enough for a duration in whole milliseconds that is not 0.
    await new Promise((resolve) => setTimeout(resolve, 5));
    client.socket.destroy();
    upstream.socket.destroy();
    return ended;
  }

  test('is what the provider reports where it bills by that', async () => {
    expect((await endAfterOneReply(['reported-usage'])).usage).toEqual({ inputTokens: 7 });
  });

  test('has the seconds from the 101 to the end where the provider bills by connected time, and nothing that it reports', async () => {
    const { usage, durationMs } = await endAfterOneReply(['connected-time']);
    expect(usage).toEqual({ seconds: durationMs / 1000 });
    expect(durationMs).toBeGreaterThan(0);
  });
});

describe('limits', () => {
  test('ends a session with 4408 when no message passes for idleMs', async () => {
    await start({ limits: { idleMs: 800 } });
    const { client, upstream } = await open();
    // Longer than idleMs in all, but never without a message for that long.
    for (let turn = 0; turn < 4; turn++) {
      await pass(client, upstream, 'still here');
      await new Promise((resolve) => setTimeout(resolve, 220));
      await pass(upstream, client, 'so am I');
    }
    expect(await closed(client)).toEqual({ code: 4408, reason: 'idle' });
    expect(await closed(upstream)).toEqual({ code: 1001, reason: 'the session ended' });
    const record = await gateway.nextEnd();
    expect(record).toMatchObject({ reason: 'idle', closeCode: 4408, mayRetry: true, frames: { upstream: 4 } });
    expect(record.durationMs).toBeGreaterThan(1600);
  });

  test('counts pings and pongs as no messages', async () => {
    await start({ limits: { idleMs: 200, pingMs: 30 } });
    const { client, upstream } = await open();
    const pings = setInterval(() => {
      client.ping();
      upstream.ping();
    }, 20);
    expect((await gateway.nextEnd()).reason).toBe('idle');
    clearInterval(pings);
  });

  test('ends a session with 1001 after sessionMs, however busy it is', async () => {
    await start({ limits: { sessionMs: 200 } });
    const { client, upstream } = await open();
    const talk = setInterval(() => client.send('talk'), 10);
    expect(await closed(client)).toEqual({ code: 1001, reason: 'the session reached its maximum duration' });
    expect((await closed(upstream)).code).toBe(1001);
    clearInterval(talk);
    expect(await gateway.nextEnd()).toMatchObject({ reason: 'duration-reached', closeCode: 1001, mayRetry: true });
  });

  test.each([
    ['key', { maxSessionSeconds: 1 }, {}],
    ['class, where that is less', { maxSessionSeconds: 60, class: 'short' }, { maxSessionSeconds: 1 }],
  ])(
    'ends a session with 4503 after the maxSessionSeconds of its %s, and says so in its dialect',
    async (_, key, short) => {
      const gateways = {
        router: { profile: 'openai-compatible', path: 'direct', baseUrl: 'https://llm.example.com/v1', apiKey: 'x' },
      };
      const classes = { short: { targets: [{ gateway: 'router', model: 'any' }], ...short } };
      await start({ keys: [{ id: 'web', secret: 'secret-of-web', ...key }], gateways, classes });
      const client = await openClient(gateway.url + REALTIME, { headers: { authorization: 'Bearer secret-of-web' } });
      const upstream = await provider.next();
      const words = 'the session lasted 1 s, which is as long as it may (maxSessionSeconds)';
      expect(JSON.parse((await message(client)).data.toString())).toMatchObject({
        type: 'error',
        error: { code: 'session_limit', message: words },
      });
      expect(await closed(client)).toEqual({ code: 4503, reason: words });
      expect((await closed(upstream)).code).toBe(1001);
      expect(await gateway.nextEnd()).toMatchObject({ reason: 'session-limit', closeCode: 4503, mayRetry: false });
    },
  );

  test('terminates an end that has not answered the close for closeMs', async () => {
    await start({ limits: { closeMs: 100 } });
    const client = await upgradeRaw(gateway.port, REALTIME);
    const upstream = await provider.next();
    upstream.close(4001, 'over');
    expect(closeOf(await client.frame())).toEqual({ code: 4001, reason: 'over' });
    expect(await client.rest()).toHaveLength(0);
    expect(await gateway.nextEnd()).toMatchObject({ reason: 'provider-closed', closeCode: 4001 });
  });
});

describe('the loss of an end that the other is paused for', () => {
  const ends: [string, (both: { client: WebSocket; upstream: WebSocket }) => [WebSocket, WebSocket]][] = [
    ['the client is gone', ({ client, upstream }) => [client, upstream]],
    ['the provider is gone', ({ client, upstream }) => [upstream, client]],
  ];

  test.each(ends)('closes the paused end at once: %s', async (_, pick) => {
    // The session would last until closeMs, and the test until its limit, if the paused end did not answer.
    await start({ limits: { closeMs: 600_000, stallMs: 600_000 } });
    const [gone, paused] = pick(await open());
    gone.pause();
    for (let index = 0; index < 400; index++) paused.send(Buffer.alloc(64 * 1024));
    await heldBack(paused);
    gone.terminate();
    expect(await closed(paused)).toEqual({ code: 1011, reason: '' });
    await gateway.nextEnd();
  });
});

describe('the record', () => {
  test('tells who, where and how much of a live session', async () => {
    await start({ keys: [{ id: 'web', secret: 'secret-of-web', team: 'site' }] });
    const client = await openClient(gateway.url + REALTIME, { headers: { authorization: 'Bearer secret-of-web' } });
    const upstream = await provider.next();
    await pass(client, upstream, '12345');
    await pass(upstream, client, '1234567');
    expect(gateway.gateway.records()).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        state: 'open',
        key: 'web',
        team: 'site',
        provider: 'openai',
        route: '/v1/realtime',
        dialect: 'openai-realtime',
        promptClass: 'realtime',
        dataClass: 'open',
        startedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        durationMs: expect.any(Number),
        model: 'gpt-realtime-2.1',
        frames: { upstream: 1, downstream: 1 },
        bytes: { upstream: 5, downstream: 7 },
        residenceUs: {
          upstream: { count: 1, p50: expect.any(Number), p99: expect.any(Number), max: expect.any(Number) },
          downstream: { count: 1, p50: expect.any(Number), p99: expect.any(Number), max: expect.any(Number) },
        },
        turns: [],
        usage: {},
      },
    ]);
  });

  test('is handed on once when the session has ended, and is the one line in the log', async () => {
    await start();
    const { client } = await open();
    client.close(1000);
    const record = await gateway.nextEnd();
    expect(record).toMatchObject({ state: 'closed', reason: 'client-closed', closeCode: 1000, mayRetry: false });
    expect(gateway.gateway.records()).toEqual([]);
    expect(gateway.ended).toHaveLength(1);
    const lines = gateway.lines.filter(({ msg }) => msg === 'session ended');
    expect(lines).toHaveLength(1);
    const { timeline: _, ...logged } = record;
    expect(lines[0]).toMatchObject(JSON.parse(JSON.stringify(logged)));
  });
});

describe('a failure in one session', () => {
  test('does not touch another', async () => {
    await start();
    const [first, second, third] = [await open(), await open(), await open()];
    first.client.terminate();
    await gateway.nextEnd();
    second.upstream.close(4000);
    await gateway.nextEnd();
    await pass(third.client, third.upstream, 'hello');
    await pass(third.upstream, third.client, 'hello yourself');
    expect(gateway.gateway.records().length).toBe(1);
  });

  test.each(['observe', 'modelsIn'] as const)(
    'ends that session with 1011 where our own code throws (%s)',
    async (method) => {
      await start({ keys: [{ id: 'web', secret: 'secret-of-web', models: ['openai/*'] }] });
      const dialect = providers.get('openai')?.endpoints.find(({ path }) => path === '/v1/realtime')?.dialect;
      if (dialect === undefined) throw new Error('no such route');
      vi.spyOn(dialect, method).mockImplementation(({ data }: Frame) => {
        if (data.includes('canary')) throw new SyntaxError(`cannot read ${data}`);
        return undefined;
      });
      const headers = { authorization: 'Bearer secret-of-web' };
      const [bad, good] = [await openClient(gateway.url + REALTIME, { headers }), await provider.next()];
      const other = await openClient(gateway.url + REALTIME, { headers });
      const otherUpstream = await provider.next();
      bad.send('canary');
      expect((await closed(bad)).code).toBe(1011);
      expect((await closed(good)).code).toBe(1011);
      expect(await gateway.nextEnd()).toMatchObject({ reason: 'gateway-fault', closeCode: 1011, mayRetry: true });
      await pass(other, otherUpstream, 'hello');
      // The log says where it happened, but not what the frame said.
      const fault = gateway.lines.find(({ msg }) => msg === 'session failed');
      expect(fault).toMatchObject({
        fault: 'SyntaxError',
        where: expect.arrayContaining([expect.stringContaining('at')]),
      });
      expect(JSON.stringify(gateway.lines)).not.toContain('canary');
    },
  );
});

test('drops frames that come after the session has ended', async () => {
  await start({ limits: { closeMs: 300 } });
  const client = await upgradeRaw(gateway.port, REALTIME);
  const upstream = await provider.next();
  upstream.close(1000);
  expect(closeOf(await client.frame()).code).toBe(1000);
  const { frames } = gateway.gateway.records()[0] ?? {};
  client.send(Buffer.concat([Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0x78]), closeBytes(1000)]));
  const record = await gateway.nextEnd();
  expect(record.frames).toEqual(frames ?? { upstream: 0, downstream: 0 });
});
