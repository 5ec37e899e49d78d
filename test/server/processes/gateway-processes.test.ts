// Connections of clients between real processes: those of plain requests end up with the side process, those of sessions with a gateway
// process, whatever came on them before; nobody's bytes are lost on the way.

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openClient } from '../../support/gateway.ts';
import { closed, message } from '../../support/inbox.ts';
import { type LlmGateway, llmGateway } from '../../support/llm-gateway.ts';
import { childrenOf } from '../../support/processes.ts';
import { type FakeProvider, startProvider } from '../../support/provider.ts';
import { frameBytes, openRaw, type RawSocket, upgradeRequest, watchSocket } from '../../support/raw-socket.ts';
import { type Served, serve } from '../../support/served.ts';
import { until } from '../../support/until.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
const HOST = 'Host: 127.0.0.1\r\n';
let provider: FakeProvider;
let llm: LlmGateway;
let served: Served;

beforeAll(async () => {
  provider = await startProvider();
  llm = await llmGateway();
  served = await serve({
    provider: provider.url,
    processes: 2,
    tasks: [],
    listen: { tlsPort: 0 },
    gateways: { contract: { profile: 'openai', apiKey: 'x', baseUrl: llm.baseUrl, allowPrivate: true } },
    classes: { app: { targets: [{ gateway: 'contract', model: 'gpt-5-mini' }] } },
  });
});
afterAll(async () => {
  await served?.stop();
  await llm?.close();
  await provider?.close();
});

const WAYS: readonly (readonly [string, () => Promise<RawSocket>])[] = [
  ['TCP', async () => openRaw(served.run.listen.port)],
  [
    'TLS',
    async () => {
      const socket = connect({ port: served.run.listen.tlsPort ?? 0, host: '127.0.0.1', rejectUnauthorized: false });
      await once(socket, 'secureConnect');
      return watchSocket(socket);
    },
  ],
];

/** The answer with its body. */
async function whole(raw: RawSocket): Promise<{ status: number; body: string }> {
  const { status, headers } = await raw.answer();
  return { status, body: String(await raw.bytes(Number(headers['content-length']))) };
}

const body = JSON.stringify({ model: 'gpt-5-mini', messages: [{ role: 'user', content: 'Hello' }] });
const call = `POST /v1/chat/completions HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;

describe.each(WAYS)('over %s', (_, open) => {
  test('a connection has one call after the other, in pieces or at once, and can still become a session', async () => {
    const raw = await open();
    const bytes = call + body;
    for (const at of [1, 10, call.length, call.length + 5]) {
      raw.send(bytes.slice(0, at));
      await new Promise((resolve) => setTimeout(resolve, 20));
      raw.send(bytes.slice(at));
      expect(await whole(raw)).toMatchObject({ status: 200, body: expect.stringContaining('"choices"') });
    }
    raw.send(bytes.repeat(3));
    for (let count = 0; count < 3; count++) expect((await whole(raw)).status).toBe(200);
    // Proxies with a pool of connections do this.
    raw.send(Buffer.concat([Buffer.from(upgradeRequest(REALTIME)), frameBytes(1, 'early')]));
    expect((await raw.answer()).status).toBe(101);
    const upstream = await provider.next();
    expect((await message(upstream)).data.toString()).toBe('early');
    upstream.send('hello');
    expect(String((await raw.frame()).payload)).toBe('hello');
    raw.send(frameBytes(1, 'more'));
    expect((await message(upstream)).data.toString()).toBe('more');
    raw.socket.destroy();
    await closed(upstream);
  });

  test('a plain request on the path of a session says what an upgrade would be told, on a new connection and behind a call', async () => {
    const raw = await open();
    for (const path of ['/console.json', REALTIME]) {
      raw.send(`GET ${path} HTTP/1.1\r\n${HOST}\r\n`);
      expect((await whole(raw)).status).toBe(path === REALTIME ? 426 : 200);
    }
    raw.socket.destroy();
    const fresh = await open();
    fresh.send(`GET ${REALTIME} HTTP/1.1\r\n${HOST}\r\n`);
    expect(await fresh.answer()).toMatchObject({ status: 426, headers: { connection: 'close' } });
    await fresh.rest();
  });

  test('an upgrade on a path that is not there is refused, also behind a call', async () => {
    const raw = await open();
    raw.send(`GET /console.json HTTP/1.1\r\n${HOST}\r\n`);
    expect((await whole(raw)).status).toBe(200);
    raw.send(upgradeRequest('/v1/nowhere'));
    expect((await raw.answer()).status).toBe(404);
    await raw.rest();
  });

  test('a call in flight breaks off when the side process dies, sessions go on, and every later call has an answer', async () => {
    const client = await openClient(served.url + REALTIME);
    const upstream = await provider.next();
    const id = randomUUID();
    const live = await openClient(`${served.url}${REALTIME}&trunkline-session=${id}`);
    await provider.next();
    await until(async () => {
      const answer = await fetch(`http://127.0.0.1:${served.run.listen.port}/v1/sessions/${id}`);
      return answer.status === 200;
    });
    const events = await open();
    events.send(`GET /v1/sessions/${id}/events HTTP/1.1\r\n${HOST}\r\n`);
    expect((await events.answer()).status).toBe(200);
    const [victim = 0] = childrenOf(served.run.pid, 'side/process');
    process.kill(victim, 'SIGKILL');
    await until(async () => {
      // The new process starts at a low priority, and should not be kept from it.
      await new Promise((resolve) => setTimeout(resolve, 100));
      const raw = await open();
      raw.send(call + body);
      const { status, body: text } = await whole(raw);
      raw.socket.destroy();
      expect(status === 200 || text.includes('"side_unavailable"')).toBe(true);
      return status === 200;
    });
    await events.rest();
    client.send('still here');
    expect((await message(upstream)).data.toString()).toBe('still here');
    for (const socket of [client, live]) socket.close();
    for (const socket of [client, live]) await closed(socket);
  });
});

test('many connections at once are all served', async () => {
  const raws = Array.from({ length: 300 }, () => openRaw(served.run.listen.port));
  for (const raw of raws) raw.send(`GET /console.json HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`);
  const answers = await Promise.all(raws.map((raw) => raw.answer()));
  expect(answers.map(({ status }) => status)).toEqual(Array(300).fill(200));
});

test('a page of the listener itself may ask, also after the side process has started anew', async () => {
  const origin = `http://localhost:${served.run.listen.port}`;
  const answer = await fetch(`http://127.0.0.1:${served.run.listen.port}/v1/models`, { headers: { origin } });
  expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, origin]);
});

test('a session is announced also while a connection is on its way to the side process', async () => {
  const gateways = childrenOf(served.run.pid, 'gateway/process');
  process.kill(served.run.pid, 'SIGSTOP');
  // Nobody takes these from their gateway process now.
  const raws = Array.from({ length: 12 }, () => openRaw(served.run.listen.port));
  for (const raw of raws) raw.send(`GET /console.json HTTP/1.1\r\n${HOST}\r\n`);
  const clients = await Promise.all(Array.from({ length: 6 }, () => openClient(served.url + REALTIME)));
  const opened = await Promise.all(clients.map(async () => (await provider.next()).readyState));
  for (const gateway of gateways) process.kill(gateway, 'SIGKILL');
  process.kill(served.run.pid, 'SIGCONT');
  for (const client of clients) client.terminate();
  for (const raw of raws) raw.socket.destroy();
  await until(async () => (await fetch(`${served.admin}/readyz`)).status === 200);
  const lost = async () => served.lines().filter(({ msg }) => msg === 'session lost').length;
  await until(async () => (await lost()) === opened.length);
});

test('one process of several probes, all learn of it, and probes go on where that one dies', async () => {
  let status = 503;
  const ill = await startProvider({
    onUpgrade(_, socket) {
      if (status !== 101) socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`);
      return status !== 101;
    },
    onSession: (ws) => ws.send('{"type":"session.created"}'),
  });
  const probe = { everyMs: 1000, model: 'gpt-realtime' };
  const openai = { baseUrl: ill.url, apiKey: 'k', allowPrivate: true, preconnect: { connections: 0 }, probe };
  const gateway = await serve({ providers: { openai }, processes: 3, tasks: [] });
  try {
    const up = () => gateway.metric('trunkline_provider_up', { provider: 'openai' });
    const probes = () => gateway.metric('trunkline_provider_probes_total', { provider: 'openai' });
    const accounts = async () => {
      const response = await fetch(`${gateway.admin}/readyz?verbose`, { headers: { connection: 'close' } });
      const told = (await response.json()) as { accounts: { state: string; processes: object }[] };
      return { code: response.status, ...told.accounts[0] };
    };
    const areAll = (state: string) =>
      until(async () => {
        const told = await accounts();
        return (told.processes as Record<string, number>)[state] === 3 && told;
      });
    const down = { code: 200, name: 'openai', state: 'down', processes: { up: 0, down: 3, unknown: 0 } };
    expect(await areAll('down')).toMatchObject({ ...down, reason: expect.stringContaining('a probe: HTTP 503') });
    expect(await up()).toBe(0);
    status = 101;
    expect(await areAll('up')).toMatchObject({ code: 200, state: 'up' });
    expect(await up()).toBe(1);
    const before = ill.requests.length;
    expect([before, before - 1]).toContain(await probes());
    const [prober = 0] = childrenOf(gateway.run.pid, 'gateway/process');
    process.kill(prober, 'SIGKILL');
    await until(() => ill.requests.length > before + 2);
  } finally {
    await gateway.stop();
    await ill.close();
  }
});
