// A gateway process whose memory runs out: it refuses what is new, then ends what is idle, and never dies of it. With TRUNKLINE_LONG=1 for five minutes.

import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { childrenOf, isRunning } from '../../support/processes.ts';
import { type FakeProvider, startProvider } from '../../support/provider.ts';
import { type Served, serve } from '../../support/served.ts';

/** The gateway keeps what such a client was sent, in case it comes back: memory that grows while its session is idle. */
const REALTIME = '/v1/realtime?model=gpt-realtime-2.1&trunkline-survive=client';
const HEADERS = { authorization: 'Bearer whatever' };
const isLong = process.env.TRUNKLINE_LONG === '1';
const GROWTH_MS = isLong ? 300_000 : 0;
const AT_ONCE = 5;
const MESSAGES_AT_ONCE = 100;
/** A message that begins no turn. */
const MESSAGE = JSON.stringify({ type: 'rate_limits.updated' });
let provider: FakeProvider;
let gateway: Served;

afterEach(async () => {
  await gateway.stop();
  await provider.close();
});

/** Everything that clients were told. */
interface Told {
  readonly open: Set<WebSocket>;
  readonly refusals: { readonly status: number; readonly retryAfter: string | undefined; readonly code: string }[];
  readonly closes: { readonly code: number; readonly reason: string }[];
}

/** Resolves once it is open, or refused. */
function openOne({ open, refusals, closes }: Told): Promise<void> {
  const ws = new WebSocket(gateway.url + REALTIME, { headers: HEADERS, perMessageDeflate: false });
  const { promise, resolve } = Promise.withResolvers<void>();
  ws.on('open', () => {
    open.add(ws);
    resolve();
  });
  ws.on('error', () => {});
  ws.on('close', (code, reason) => {
    if (open.delete(ws)) closes.push({ code, reason: String(reason) });
    resolve();
  });
  ws.on('unexpected-response', async (request, response) => {
    let body = '';
    for await (const chunk of response) body += chunk;
    const retryAfter = response.headers['retry-after'];
    refusals.push({ status: response.statusCode ?? 0, retryAfter, code: JSON.parse(body).error.code });
    request.destroy();
    resolve();
  });
  return promise;
}

function sendAll(): void {
  for (const ws of provider.sockets) for (let sent = 0; sent < MESSAGES_AT_ONCE; sent++) ws.send(MESSAGE);
}

test(
  'sheds new sessions, ends idle ones, and goes on with the rest',
  async () => {
    provider = await startProvider();
    gateway = await serve({
      provider: provider.url,
      within: ['env', 'NODE_OPTIONS=--max-old-space-size=64'],
      log: { level: 'info' },
    });
    const [worker] = childrenOf(gateway.child.pid as number, 'gateway/process');
    const told: Told = { open: new Set(), refusals: [], closes: [] };
    const from = performance.now();
    const isGrown = () => told.refusals.length > 0 && told.closes.length > 0 && performance.now() - from >= GROWTH_MS;
    while (!isGrown() && isRunning(worker as number)) {
      await Promise.all(Array.from({ length: AT_ONCE }, () => openOne(told)));
      sendAll();
      await delay(20);
    }
    expect(isRunning(worker as number)).toBe(true);
    for (const refusal of told.refusals) expect(refusal).toEqual({ status: 503, retryAfter: '5', code: 'overloaded' });
    for (const close of told.closes)
      expect(close).toEqual({ code: 1013, reason: 'the gateway is short of memory: try again later' });
    expect(told.open.size).toBeGreaterThan(0);
    expect(gateway.lines().filter(({ msg }) => /died|hung/.test(String(msg)))).toEqual([]);
  },
  GROWTH_MS + 120_000,
);
