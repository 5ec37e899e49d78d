// Runs a whole gateway with calls of WebRTC: what operators do to them, what connections they come on, and what becomes of them when their process is
// killed.

import { once } from 'node:events';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from 'node:https';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HeldCall } from '../../../../server/ipc/session-reservation.ts';
import { OrphanedCalls } from '../../../../server/processes/sessions/orphaned-calls.ts';
import { CALL_OFFER, tellTurn } from '../../../support/call-gateway.ts';
import { ANSWER, type CallProvider, startCallProvider } from '../../../support/call-provider.ts';
import { makeKey } from '../../../support/key-server.ts';
import { childrenOf } from '../../../support/processes.ts';
import { type Served, serve } from '../../../support/served.ts';
import { until } from '../../../support/until.ts';

let provider: CallProvider;
let served: Served;
let key: string;
let base: string;
beforeAll(async () => {
  provider = await startCallProvider();
  served = await serve({ provider: provider.url, access: 'keys', processes: 1, listen: { port: 0, tlsPort: 0 } });
  base = served.url.replace('ws', 'http');
  key = await makeKey(served, 'ann');
});
afterAll(async () => {
  served.child.kill('SIGTERM');
  served.child.kill('SIGTERM');
  await served.exited;
  await provider.close();
});

const bearer = (secret = key) => ({ authorization: `Bearer ${secret}` });

async function make(secret = key) {
  const headers = { ...bearer(secret), 'content-type': 'application/sdp' };
  const response = await fetch(`${base}/v1/realtime/calls?model=gpt-realtime-2.1`, {
    method: 'POST',
    headers,
    body: CALL_OFFER,
  });
  expect([response.status, await response.text()]).toEqual([201, ANSWER]);
  const id = response.headers.get('location')?.split('/').at(-1) ?? '';
  return { id, session: response.headers.get('x-trunkline-session') ?? '', sideband: await provider.sideband(id) };
}

const get = async (path: string) => (await fetch(base + path, { headers: bearer() })).json();

/** The record of a session once it has ended and is stored. */
const ended = (session: string) =>
  until(async () => {
    const row = await get(`/v1/sessions/${session}`);
    return row.endedAt !== undefined && row.endedAt !== null && row;
  });

test('a call is a session in lists and in the ledger, and is ended by order', async () => {
  const { id, session, sideband } = await make();
  tellTurn(sideband, 100);
  const live = await until(async () => {
    const { sessions } = await (await fetch(`${served.admin}/sessions`)).json();
    return sessions.find(
      (one: { id: string; usage: { inputTokens?: number } }) => one.id === session && one.usage.inputTokens === 100,
    );
  });
  expect(live).toMatchObject({ key: 'ann', route: '/v1/realtime/calls', state: 'open' });
  const order = await fetch(`${base}/v1/sessions/${session}/end`, { method: 'POST', headers: bearer() });
  expect(order.ok).toBe(true);
  await provider.request(`/${id}/hangup`);
  expect(await ended(session)).toMatchObject({ reason: 'ended-by-operator' });
  const { rows } = await get(`/v1/ledger?session=${session}`);
  expect(rows).toEqual([expect.objectContaining({ calls: 1, inputTokens: 100, costMicroUsd: expect.any(Number) })]);
});

test('a key that is revoked has its calls hung up', async () => {
  const { id, session } = await make(await makeKey(served, 'gone'));
  await fetch(`${served.admin}/keys/gone/revoke`, { method: 'POST' });
  await provider.request(`/${id}/hangup`);
  await until(() => served.lines().some((line) => line.id === session && line.reason === 'key-revoked'));
});

test.each([
  [
    'plain',
    httpRequest,
    () => ({ port: served.run.listen.port, agent: new HttpAgent({ keepAlive: true, maxSockets: 1 }) }),
  ],
  [
    'TLS',
    httpsRequest,
    () => ({
      port: served.run.listen.tlsPort,
      agent: new HttpsAgent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false }),
    }),
  ],
] as const)('a %s connection on which something else was asked before makes a call, too', async (_, request, way) => {
  const at = way();
  const send = async (method: string, path: string, more: RequestOptions = {}, body?: string) => {
    const sent = request({
      ...at,
      host: '127.0.0.1',
      method,
      path,
      headers: { ...bearer(), ...more.headers },
    } as RequestOptions).end(body);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    let text = '';
    for await (const piece of response) text += piece;
    return [response.statusCode, text, sent.reusedSocket];
  };
  expect((await send('GET', '/v1/sessions'))[0]).toBe(200);
  const offer = { headers: { 'content-type': 'application/sdp', 'content-length': String(CALL_OFFER.length) } };
  expect(await send('POST', '/v1/realtime/calls', offer, CALL_OFFER)).toEqual([201, ANSWER, true]);
  at.agent.destroy();
});

test('calls of a process that is killed are hung up by the next one, and end as other sessions do', async () => {
  const calls = [await make(), await make()];
  const [victim = 0] = childrenOf(served.run.pid, 'gateway/process');
  process.kill(victim, 'SIGKILL');
  for (const { id, session } of calls) {
    await provider.request(`/${id}/hangup`);
    expect(await until(() => !provider.calls.has(id))).toBe(true);
    await until(async () => {
      const row = await fetch(`${base}/v1/sessions/${session}`, { headers: bearer() }).then(
        (answer) => answer.json(),
        () => ({}),
      );
      return row.reason === 'gateway-lost';
    });
  }
  await until(() => served.lines().some(({ msg }) => msg === 'calls of a dead gateway process hung up'));
});

test('calls that cannot be ended are tried again after a pause, and told of at last; a process that fails is not asked in a loop', async () => {
  const held = (session: string): HeldCall => ({
    session,
    provider: 'openai',
    path: '/v1/realtime/calls',
    id: session,
  });
  const lines: string[] = [];
  const tell = (level: string) => (fields: { id?: string; calls?: number }) =>
    lines.push(`${level} ${fields.id ?? fields.calls}`);
  const answers: ((calls: readonly HeldCall[]) => Promise<readonly HeldCall[]>)[] = [
    () => Promise.reject(new Error('scripted')),
    async (calls) => calls.slice(1),
  ];
  const asked: string[][] = [];
  const call = (_: string, calls: readonly HeldCall[]) => {
    asked.push(calls.map(({ session }) => session));
    return (answers.shift() ?? (async (all: readonly HeldCall[]) => all))(calls);
  };
  const orphans = new OrphanedCalls({
    log: { info: tell('info'), error: tell('error') } as never,
    running: () => ({ call, isConnected: true }) as never,
    pauseMs: 1,
  });
  for (const one of ['one', 'two']) orphans.add(held(one));
  orphans.hangUp();
  await until(() => lines.length === 2);
  expect(asked).toEqual([['one', 'two'], ['one', 'two'], ['two'], ['two'], ['two']]);
  expect(lines).toEqual(['info 1', 'error two']);
});

test('calls that a process takes along when it dies are handed to the next at once', async () => {
  const asked: string[] = [];
  const processes = ['dies', 'lives'].map((name) => ({
    isConnected: name === 'lives',
    async call() {
      asked.push(name);
      if (name === 'dies') throw new Error('the other process is gone');
      return [];
    },
  }));
  const orphans = new OrphanedCalls({
    log: { info() {}, error() {} } as never,
    running: () => processes[1] as never,
    pauseMs: 3_600_000,
  });
  orphans.add({ session: 'one', provider: 'openai', path: '/v1/realtime/calls', id: 'rtc_1' });
  orphans.hangUp(processes[0] as never);
  await until(() => asked.length === 2);
  expect(asked).toEqual(['dies', 'lives']);
});
