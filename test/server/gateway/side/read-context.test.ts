// Checks sessions that continue an earlier one: who may, what the provider is told, and what happens when that cannot be read.

import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../../../server/config/load.ts';
import type { Outbox } from '../../../../server/gateway/side/outbox.ts';
import type { SessionEvent } from '../../../../server/ipc/session-event.ts';
import type { SideHandler } from '../../../../server/ipc/side-request.ts';
import { createSideHttp } from '../../../../server/side/http/routes.ts';
import { configFile } from '../../../support/config-file.ts';
import { createFakeStore, type FakeStore, storedSession } from '../../../support/fake-store.ts';
import { openClient, refusedUpgrade, startGateway, type TestGateway } from '../../../support/gateway.ts';
import { closed, message } from '../../../support/inbox.ts';
import { type FakeProvider, startProvider } from '../../../support/provider.ts';
import { frameBytes, openRaw, upgradeRequest } from '../../../support/raw-socket.ts';
import { aTurn } from '../../../support/side-records.ts';
import { settled } from '../../../support/socket-pair.ts';
import { until } from '../../../support/until.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
const GEMINI = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent';
const keys = [
  { id: 'web', secret: 'secret-of-web', models: ['openai/*', 'gemini/*'] },
  { id: 'other', secret: 'secret-of-other' },
];
const ID = '0190a1b2-0000-7000-8000-00000000000a';
const as = (key: string, more: Record<string, string> = {}) => ({
  headers: { authorization: `Bearer secret-of-${key}`, ...more },
});

let provider: FakeProvider;
let store: FakeStore;
let gateway: TestGateway;
let handedOver: SessionEvent[];

beforeEach(() => {
  store = createFakeStore();
  handedOver = [];
});
afterEach(async () => {
  await gateway.close();
  await provider.close();
});

interface Start {
  readonly file?: Record<string, unknown>;
  readonly askSide?: SideHandler;
  readonly onUpgrade?: NonNullable<Parameters<typeof startProvider>[0]>['onUpgrade'];
}

async function start({ file = {}, askSide, onUpgrade }: Start = {}): Promise<void> {
  provider = await startProvider(onUpgrade ? { onUpgrade } : {});
  const all = { keys, side: { contextMs: 20_000 }, ...file };
  const config = loadConfig({ file: configFile(all), env: {} });
  const side = createSideHttp({ config, store, log: pino({ level: 'silent' }) });
  const outbox = { push: (item: SessionEvent) => void handedOver.push(item), fullness() {} } as unknown as Outbox;
  gateway = await startGateway({ ...all, provider: provider.url, askSide: askSide ?? side, outbox });
}

/** An earlier session of the key `web` in which two turns were said. */
function keep(more: Partial<Parameters<typeof storedSession>[0]> = {}): void {
  store.rows.sessions.push(storedSession({ id: ID, key: 'web', endedAt: 9_000, ...more }));
  store.rows.turns.push(aTurn(ID, 1), aTurn(ID, 2));
}

const headersOf = (target: string, options: Parameters<typeof openClient>[1]) =>
  new Promise<Record<string, unknown>>((resolve, reject) => {
    const opening = openClient(gateway.url + target, {
      ...options,
      finishRequest(request) {
        request.on('upgrade', ({ headers }) => resolve(headers));
        request.end();
      },
    });
    opening.catch(reject);
  });
const textOf = (event: string): string => JSON.parse(event).item.content[0].text;
const CONTINUED = `${REALTIME}&trunkline-continue=${ID}`;
const down: SideHandler = () => Promise.reject(new Error('the other process is gone'));
/** Rejects when the caller stops waiting. */
const hung: SideHandler = (_request, _emit, signal) =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

test('tells the provider of the earlier session first, whichever way the client names it, and never the id', async () => {
  keep();
  await start();
  const ways = [
    () => openClient(gateway.url + CONTINUED, as('web')),
    () => openClient(gateway.url + REALTIME, as('web', { 'x-trunkline-continue': ID.toUpperCase() })),
    () => openClient(gateway.url + REALTIME, as('web'), ['realtime', `trunkline-continue.${ID}`]),
    () => openClient(`${gateway.url}${REALTIME}&trunkline-seed=${ID}`, as('web')),
  ];
  for (const [index, open] of ways.entries()) {
    (await open()).send('{"type":"session.update"}');
    const upstream = await provider.next();
    const first = (await message(upstream)).data.toString();
    expect(textOf(first)).toContain('User: question 1\nAssistant: answer 1\nUser: question 2\nAssistant: answer 2');
    expect((await message(upstream)).data.toString()).toBe('{"type":"session.update"}');
    expect(provider.requests[index]?.url).toBe(REALTIME);
    expect(JSON.stringify(provider.requests[index]?.headers)).not.toMatch(/trunkline-(continue|seed)/);
  }
  expect(gateway.lines.filter(({ name }) => name === 'trunkline-seed')).toHaveLength(1);
});

test('says in the 101, the record and the events which session is continued', async () => {
  keep();
  await start();
  expect(await headersOf(CONTINUED, as('web'))).toMatchObject({ 'x-trunkline-context': 'turns' });
  expect(await headersOf(REALTIME, as('web'))).not.toHaveProperty('x-trunkline-context');
  const [continued, plain] = gateway.gateway.records();
  expect(continued).toMatchObject({ continues: ID, context: 'turns' });
  expect(plain).not.toHaveProperty('continues');
  expect(handedOver).toMatchObject([{ kind: 'started', continues: ID }, { kind: 'started' }]);
  expect(handedOver[1]).not.toHaveProperty('continues');
});

describe('refused before the 101', () => {
  test.each([
    ['a session that never was', () => {}, 'web'],
    ['a session of another key', () => keep(), 'other'],
  ])('refuses to continue %s', async (_what, prepare, key) => {
    prepare();
    await start();
    const { status, body } = await refusedUpgrade(gateway.url + CONTINUED, as(key));
    expect([status, JSON.parse(body).error.code]).toEqual([404, 'unknown_session']);
    // Browsers hide a refused upgrade; a plain GET shows the same.
    const plain = await fetch(`${gateway.url.replace('ws:', 'http:')}${CONTINUED}`, as(key));
    expect([plain.status, await plain.text()]).toEqual([status, body]);
  });

  test('refuses to continue a live session of another key, as if there were none', async () => {
    await start();
    const target = `${REALTIME}&trunkline-session=${ID}`;
    await openClient(gateway.url + target, as('web'));
    expect((await refusedUpgrade(gateway.url + CONTINUED, as('other'))).status).toBe(404);
    expect(await headersOf(CONTINUED, as('web'))).toMatchObject({ 'x-trunkline-context': 'none' });
  });

  test('refuses a wrong id in the shape of the provider', async () => {
    await start();
    const { status, body } = await refusedUpgrade(`${gateway.url}${GEMINI}?trunkline-continue=mine`, as('web'));
    expect([status, JSON.parse(body).error]).toMatchObject([
      400,
      { status: 'INVALID_ARGUMENT', message: 'expected the id of one session as the trunkline-continue' },
    ]);
    expect(provider.requests).toHaveLength(0);
  });

  test('refuses without waiting for a provider that does not answer', async () => {
    await start({ onUpgrade: () => true });
    expect((await refusedUpgrade(gateway.url + CONTINUED, as('web'))).status).toBe(404);
    await until(() => provider.connections.size === 0);
  });
});

describe('a regulated session', () => {
  test('a regulated session makes the one that continues it regulated', async () => {
    keep({ dataClass: 'regulated' });
    await start();
    await openClient(gateway.url + CONTINUED, as('web', { 'x-trunkline-data-class': 'open' }));
    expect(textOf((await message(await provider.next())).data.toString())).toContain('question 1');
    expect(gateway.gateway.records()[0]).toMatchObject({ dataClass: 'regulated', context: 'turns' });
    expect(handedOver[0]).toMatchObject({ dataClass: 'regulated' });
  });

  test('a regulated session is told to no other provider', async () => {
    keep({ dataClass: 'regulated' });
    await start();
    const { status, body } = await refusedUpgrade(`${gateway.url}${GEMINI}?trunkline-continue=${ID}`, as('web'));
    expect([status, JSON.parse(body).error.details[0].reason]).toEqual([403, 'policy_refused']);
    expect((await refusedUpgrade(gateway.url + CONTINUED, as('other'))).status).toBe(404);
  });

  test('a regulated session stays regulated when it continues an open one', async () => {
    keep();
    await start();
    await openClient(gateway.url + CONTINUED, as('web', { 'x-trunkline-data-class': 'regulated' }));
    expect(gateway.gateway.records()[0]).toMatchObject({ dataClass: 'regulated' });
  });
});

describe('while it cannot be read', () => {
  const ways: [string, SideHandler | undefined, object][] = [
    ['the side process is down', down, {}],
    ['it does not answer within contextMs', hung, { contextMs: 20 }],
  ];

  test.each(ways)('refuses the session while its context cannot be read: %s', async (_why, askSide, side) => {
    await start({ askSide, file: { side } });
    const { status, body, headers } = await refusedUpgrade(gateway.url + CONTINUED, as('web'));
    expect([status, JSON.parse(body).error.code]).toEqual([503, 'side_unavailable']);
    expect(headers['retry-after']).toBe('1');
    await openClient(gateway.url + REALTIME, as('web'));
  });

  test.each(ways)(
    'opens the session without a context, and says so, with whenContextUnavailable: open: %s',
    async (_why, askSide, side) => {
      await start({ askSide, file: { side: { ...side, whenContextUnavailable: 'open' } } });
      expect(await headersOf(CONTINUED, as('web'))).toMatchObject({ 'x-trunkline-context': 'unavailable' });
      expect(handedOver[0]).not.toHaveProperty('continues');
      const upstream = await provider.next();
      upstream.send('hello');
      expect(gateway.gateway.records()[0]).toMatchObject({ continues: ID, context: 'unavailable' });
    },
  );

  test('refuses the session when the store fails', async () => {
    store.fault = new Error('broken');
    await start();
    expect((await refusedUpgrade(gateway.url + CONTINUED, as('web'))).status).toBe(503);
  });

  test('ends the dialling and the reading when the client leaves', async () => {
    const asking = Promise.withResolvers<AbortSignal>();
    const askSide: SideHandler = (request, emit, signal) => {
      asking.resolve(signal);
      return hung(request, emit, signal);
    };
    await start({ askSide });
    const client = openRaw(gateway.port);
    client.send(upgradeRequest(CONTINUED, as('web').headers));
    const reading = await asking.promise;
    client.socket.destroy();
    await until(() => reading.aborted && provider.connections.size === 0);
    expect(gateway.lines.filter(({ level }) => level === 50)).toEqual([]);
  });
});

test('passes on the refusal of the provider without waiting for the context', async () => {
  await start({
    askSide: hung,
    onUpgrade(_request, socket) {
      socket.end('HTTP/1.1 429 Too Many Requests\r\nContent-Length: 4\r\nConnection: close\r\n\r\nslow');
      return true;
    },
  });
  expect(await refusedUpgrade(gateway.url + CONTINUED, as('web'))).toMatchObject({ status: 429, body: 'slow' });
});

test('waits for the end of the earlier session while it is on its way into the store', async () => {
  await start();
  const client = await openClient(`${gateway.url}${REALTIME}&trunkline-session=${ID}`, as('web'));
  client.close();
  await closed(client);
  await gateway.nextEnd();
  store.rows.sessions.push(storedSession({ id: ID, key: 'web' }));
  const opening = headersOf(CONTINUED, as('web'));
  await until(() => store.looks.sessions > 2);
  store.rows.turns.push(aTurn(ID, 1));
  store.rows.sessions[0] = storedSession({ id: ID, key: 'web', endedAt: 9_000 });
  expect(await opening).toMatchObject({ 'x-trunkline-context': 'turns' });
});

test('reads a client that does not wait for the answer to its setup up to pauseBytes, and loses nothing of it', async () => {
  keep();
  await start();
  const client = openRaw(gateway.port);
  const flood = frameBytes(1, Buffer.alloc(1024 * 1024, 'a'));
  const upgrade = upgradeRequest(`${GEMINI}?trunkline-continue=${ID}`, as('web').headers);
  client.send(Buffer.concat([Buffer.from(upgrade), frameBytes(1, '{"setup":{}}'), flood]));
  expect((await client.answer()).status).toBe(101);
  for (let count = 1; count < 64; count += 1) client.send(flood);
  const upstream = await provider.next();
  expect((await message(upstream)).data.toString()).toBe('{"setup":{}}');
  expect(await settled(() => client.socket.writableLength)).toBeGreaterThan(32 * flood.length);
  upstream.send('{"setupComplete":{}}');
  expect((await message(upstream)).data.toString()).toContain('clientContent');
  for (let count = 0; count < 64; count += 1) expect((await message(upstream)).data).toHaveLength(1024 * 1024);
});

test('refuses when the gateway shuts down while it reads', async () => {
  await start({ askSide: hung });
  const refused = refusedUpgrade(gateway.url + CONTINUED, as('web'));
  await until(() => provider.requests.length === 1);
  await gateway.gateway.close();
  expect((await refused).status).toBe(503);
});

test('holds the model list of the key for frames behind the context', async () => {
  keep();
  await start({ file: { keys: [{ ...keys[0], models: ['openai/gpt-realtime-2.1'] }] } });
  const client = await openClient(gateway.url + CONTINUED, as('web'));
  client.send(JSON.stringify({ type: 'session.update', session: { model: 'another' } }));
  expect((await closed(client)).code).toBe(1008);
  const upstream = await provider.next();
  expect((await message(upstream)).data.toString()).toContain('trunkline-context');
  await closed(upstream);
});

test('continues a session whose id was used again under its number', async () => {
  keep({ id: `${ID}.2` });
  store.rows.turns.push(aTurn(`${ID}.2`, 1));
  await start();
  expect(await headersOf(`${CONTINUED}.2`, as('web'))).toMatchObject({ 'x-trunkline-context': 'turns' });
  const unknown = `${gateway.url}${REALTIME}&trunkline-continue=${randomUUID()}`;
  expect((await refusedUpgrade(unknown, as('web'))).status).toBe(404);
});
