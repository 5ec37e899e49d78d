// Opens sessions of a model that has several targets: which of them is dialled, what the client is told where none serves, and who learns of it.

import type { Socket } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { Outbox } from '../../../../server/gateway/side/outbox.ts';
import type { SessionEvent } from '../../../../server/ipc/session-event.ts';
import type { LedgerRow } from '../../../../server/ipc/stored-rows.ts';
import { openClient, refusedUpgrade, startGateway, type TestGateway } from '../../../support/gateway.ts';
import { closed, message } from '../../../support/inbox.ts';
import { type FakeProvider, startProvider } from '../../../support/provider.ts';
import { until } from '../../../support/until.ts';

const ended: { close(): Promise<void> }[] = [];

afterEach(async () => {
  vi.useRealTimers();
  for (const one of ended.splice(0).reverse()) await one.close();
});

/** Answers upgrades with this status; with 101 it takes them, with 0 it says nothing, with -1 it ends the connection. */
interface Scripted extends FakeProvider {
  status: number;
}

const BODY = '{"error":{"message":"of the provider","code":"theirs"}}';

async function scripted(status = 101): Promise<Scripted> {
  const provider = await startProvider({
    onUpgrade(_, socket: Socket) {
      const { status: now } = made;
      if (now === -1) socket.destroy();
      else if (now > 101)
        socket.end(
          `HTTP/1.1 ${now} No\r\nContent-Type: application/json\r\nRetry-After: 7\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`,
        );
      return now !== 101;
    },
  });
  const made: Scripted = Object.assign(provider, { status });
  ended.push(made);
  return made;
}

const account = ({ url }: FakeProvider, more: object = {}) => ({
  ...{ kind: 'openai', baseUrl: url, apiKey: 'key-of-account', allowPrivate: true, preconnect: { connections: 0 } },
  ...more,
});

async function start(config: Record<string, unknown>): Promise<TestGateway> {
  const gateway = await startGateway(config);
  ended.push(gateway);
  return gateway;
}

/** A gateway whose model `voice` has targets at these providers, in order: `one/m-one`, `two/m-two`, `three/m-three`. */
function startVoice(providers: readonly FakeProvider[], more: Record<string, unknown> = {}): Promise<TestGateway> {
  const names = ['one', 'two', 'three'].slice(0, providers.length);
  return start({
    providers: Object.fromEntries(names.map((name, at) => [name, account(providers[at] as FakeProvider)])),
    models: { voice: names.map((name) => `${name}/m-${name}`) },
    ...more,
  });
}

const VOICE = '/v1/realtime?a=1&model=voice&b=%20x';

async function open(gateway: TestGateway, target = VOICE, headers: Record<string, string> = {}) {
  const client = await openClient(gateway.url + target, { headers });
  client.close();
  await closed(client);
  return gateway.nextEnd();
}

describe('a target is named in the place of the model', () => {
  test('all other bytes of the query stay, and frames pass as they are', async () => {
    const one = await scripted();
    const gateway = await startVoice([one]);
    const client = await openClient(gateway.url + VOICE);
    const provider = await one.next();
    expect(one.requests[0]?.url).toBe('/v1/realtime?a=1&model=m-one&b=%20x');
    client.send('{"type":"session.update","x":"\\u00e4"}');
    expect((await message(provider)).data.toString()).toBe('{"type":"session.update","x":"\\u00e4"}');
    client.close();
    const record = await gateway.nextEnd();
    expect(record).toMatchObject({ provider: 'one', asked: 'voice', tried: [], model: 'm-one' });
  });

  test('a deployment of the name is a model where the target is dialled at another path', async () => {
    const [one, two] = [await scripted(503), await scripted()];
    const gateway = await start({
      providers: { azure: account(one, { kind: 'azure' }), two: account(two) },
      models: { voice: ['azure/dep/x', 'two/m'] },
    });
    await open(gateway, '/openai/v1/realtime?deployment=voice');
    expect(one.requests[0]?.url).toBe('/openai/v1/realtime?deployment=dep%2Fx');
    expect(two.requests[0]?.url).toBe('/v1/realtime?model=m');
  });

  test('a path that names an account has the targets at that account alone, and where there is none the name is any model', async () => {
    const [one, two, three] = [await scripted(), await scripted(503), await scripted()];
    const gateway = await start({
      providers: { one: account(one), two: account(two), three: account(three) },
      models: { voice: ['one/m-one', 'two/m-two'] },
    });
    const refused = await refusedUpgrade(`${gateway.url}/two/v1/realtime?model=voice`);
    expect(refused.status).toBe(503);
    expect(two.requests[0]?.url).toBe('/v1/realtime?model=m-two');
    await open(gateway, '/three/v1/realtime?model=voice');
    expect(three.requests[0]?.url).toBe('/v1/realtime?model=voice');
    await open(gateway, '/v1/realtime?model=three/voice');
    expect(three.requests[1]?.url).toBe('/v1/realtime?model=voice');
    expect(one.requests).toHaveLength(0);
  });

  test('a model of no such name is dialled as it was', async () => {
    const one = await scripted();
    const gateway = await startVoice([one]);
    const record = await open(gateway, '/v1/realtime?model=gpt');
    expect(one.requests[0]?.url).toBe('/v1/realtime?model=gpt');
    expect(record).not.toHaveProperty('asked');
  });
});

describe('the next target is dialled', () => {
  test.each([
    ['refuses the connection', -2, 'upstream_unreachable'],
    ['ends it', -1, 'upstream_unreachable'],
    ['refuses with 429', 429, 'upstream_refused 429'],
    ['refuses with 500', 500, 'upstream_refused 500'],
    ['refuses with 503', 503, 'upstream_refused 503'],
    ['answers with a status that is no upgrade', 302, 'upstream_refused'],
    ['says nothing', 0, 'upstream_timeout'],
  ])('where the first %s', async (_, status, outcome) => {
    const [one, two] = [await scripted(status), await scripted()];
    if (status === -2) await one.close();
    const gateway = await startVoice([one, two], { limits: { dialMs: status === 0 ? 4000 : 10_000 } });
    const record = await open(gateway);
    expect(record).toMatchObject({ provider: 'two', asked: 'voice', tried: ['one/m-one'], model: 'm-two' });
    const tries = record.timeline?.filter(({ kind }) => kind === 'try');
    expect(tries).toMatchObject([{ target: 'one/m-one', outcome }]);
    expect(record.timeline?.map(({ kind }) => kind).slice(0, 3)).toEqual(['try', 'dial', 'open']);
    expect(await gateway.sample('trunkline_target_tries_total', { provider: 'one', outcome })).toBe(1);
    expect(await gateway.sample('trunkline_target_tries_total', { provider: 'two', outcome: 'open' })).toBe(1);
    expect(gateway.lines).toContainEqual(
      expect.objectContaining({ msg: 'a target failed: the next one is taken', provider: 'one', model: 'm-one' }),
    );
    expect(JSON.stringify(gateway.lines)).not.toContain('key-of-account');
  });

  test.each([400, 401, 403, 404])('but not for %i, which the client is told', async (status) => {
    const [one, two] = [await scripted(status), await scripted()];
    const gateway = await startVoice([one, two]);
    expect(await refusedUpgrade(gateway.url + VOICE)).toMatchObject({ status, body: BODY });
    expect(two.requests).toHaveLength(0);
  });

  test('but not behind the 101: a session that its provider ends at once is over', async () => {
    const two = await scripted();
    const one = await startProvider({ onSession: (ws) => ws.close(1011, 'no room') });
    ended.push(one);
    const gateway = await startVoice([one, two]);
    const client = await openClient(gateway.url + VOICE);
    expect(await closed(client)).toEqual({ code: 1011, reason: 'no room' });
    expect(two.requests).toHaveLength(0);
  });

  test('while the client waits: one that leaves is the end of it', async () => {
    const [one, two] = [await scripted(0), await scripted()];
    const gateway = await startVoice([one, two]);
    const client = new WebSocket(gateway.url + VOICE);
    client.on('error', () => {});
    await until(() => one.requests.length > 0);
    client.terminate();
    await until(async () => (await gateway.sample('trunkline_refusals_total', { code: 'client_left' })) === 1);
    expect(two.requests).toHaveLength(0);
  });

  test('also where its kind has another path, another place of the credential and a credential of its own', async () => {
    const [one, two] = [await scripted(-1), await scripted()];
    const gateway = await start({
      providers: { one: account(one), azure: account(two, { kind: 'azure', apiKey: 'azure-secret' }) },
      models: { voice: ['one/m', 'azure/dep'] },
    });
    await open(gateway);
    expect(two.requests[0]?.url).toBe('/openai/v1/realtime?a=1&model=dep&b=%20x');
    expect(two.requests[0]?.headers).toMatchObject({ 'api-key': 'azure-secret' });
    expect(two.requests[0]?.headers).not.toHaveProperty('authorization');
  });
});

describe('a breaker', () => {
  test('that opens keeps sessions from its target, until one that asks for it by its own name is served there', async () => {
    const [one, two] = [await scripted(503), await scripted()];
    const gateway = await startVoice([one, two]);
    // The pause of the breaker never ends.
    vi.useFakeTimers({ toFake: ['Date'] });
    const isUp = () => gateway.sample('trunkline_provider_up', { provider: 'one' });
    expect(await isUp()).toBe(1);
    for (let session = 0; session < 5; session++) await open(gateway);
    expect([one.requests.length, await isUp()]).toEqual([5, 0]);
    one.status = 101;
    const passedOver = await open(gateway);
    expect(passedOver).toMatchObject({ provider: 'two', tried: ['one/m-one'] });
    expect(passedOver.timeline).toContainEqual(
      expect.objectContaining({ kind: 'try', outcome: 'breaker_open', ms: 0 }),
    );
    expect(one.requests).toHaveLength(5);
    expect(await open(gateway, '/v1/realtime?model=one/m-one')).toMatchObject({ provider: 'one' });
    expect(await isUp()).toBe(1);
    expect(await open(gateway)).toMatchObject({ provider: 'one', tried: [] });
  });

  test('over all targets refuses nobody', async () => {
    const one = await scripted(-1);
    const gateway = await startVoice([one]);
    vi.useFakeTimers({ toFake: ['Date'] });
    for (let session = 0; session < 6; session++) await refusedUpgrade(gateway.url + VOICE);
    expect(one.requests).toHaveLength(6);
    one.status = 101;
    expect(await open(gateway)).toMatchObject({ provider: 'one' });
  });

  test('and a target that is killed between two sessions is passed over by the second', async () => {
    const [one, two] = [await scripted(), await scripted()];
    const gateway = await startVoice([one, two]);
    expect(await open(gateway)).toMatchObject({ provider: 'one' });
    await one.close();
    expect(await open(gateway)).toMatchObject({ provider: 'two', tried: ['one/m-one'] });
  });
});

describe('where all fail', () => {
  test('the client gets the last refusal that a provider gave itself', async () => {
    const [one, two, three] = [await scripted(503), await scripted(429), await scripted(-1)];
    const gateway = await startVoice([one, two, three]);
    const refused = await refusedUpgrade(gateway.url + VOICE);
    expect(refused).toMatchObject({ status: 429, body: BODY, headers: { 'retry-after': '7' } });
    expect([one, two, three].map(({ requests }) => requests.length)).toEqual([1, 1, 1]);
  });

  test('and none gave one, the client gets that of the gateway, in the shape of its provider', async () => {
    const [one, two] = [await scripted(-1), await scripted(-1)];
    const gateway = await startVoice([one, two]);
    const refused = await refusedUpgrade(gateway.url + VOICE);
    expect(refused.status).toBe(502);
    expect(JSON.parse(refused.body).error).toMatchObject({ type: 'server_error', code: 'upstream_unreachable' });
  });

  test('the time of one dial is that of all together', async () => {
    const [one, two, three] = [await scripted(0), await scripted(0), await scripted(0)];
    const gateway = await startVoice([one, two, three], { limits: { dialMs: 600 } });
    const refused = await refusedUpgrade(gateway.url + VOICE);
    expect(refused.status).toBe(504);
    // The last one had what the others left.
    const [, ms] = /within (\d+) ms/.exec(refused.body) ?? [];
    expect(Number(ms)).toBeLessThan(300);
    expect([one, two, three].map(({ requests }) => requests.length)).toEqual([1, 1, 1]);
  });

  test('each has a row in the ledger, and the session that opens says in its own which were tried', async () => {
    const [one, two] = [await scripted(503), await scripted(-1)];
    const rows: LedgerRow[] = [];
    const events: SessionEvent[] = [];
    const outbox = {
      push: (event: SessionEvent) => events.push(event) > 0,
      fullness: () => undefined,
    } as unknown as Outbox;
    const gateway = await startVoice([one, two], {
      outbox,
      addRefusals: async (added: readonly LedgerRow[]) => void rows.push(...added),
    });
    await refusedUpgrade(gateway.url + VOICE);
    two.status = 101;
    await open(gateway);
    await until(() => rows.length >= 3);
    const told = rows.map(({ gateway: provider, target, asked, outcome, refusals }) => [
      provider,
      target,
      asked,
      outcome,
      refusals,
    ]);
    expect(told).toContainEqual(['two', 'two/m-two', 'voice', 'upstream_unreachable', 1]);
    expect(told).toContainEqual(['one', 'one/m-one', 'voice', 'upstream_refused', 1]);
    expect(events.find(({ kind }) => kind === 'started')).toMatchObject({
      ...{ provider: 'two', model: 'm-two', asked: 'voice', tried: ['one/m-one'] },
      why: 'first of voice, behind one/m-one (upstream_refused 503)',
    });
  });
});
