// How long the other end of a session takes to learn that one end is gone: closed, cut off, or reset; from each side.
// node bench/ends.ts [rounds]     prints p50, p99 and max in milliseconds; the goal is a p99 under 100 ms.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHistogram, performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket, WebSocketServer } from 'ws';
import { entry } from '../server/entry.ts';

type Leave = (ws: WebSocket) => void;
type Socket = { resetAndDestroy(): void; destroy(): void };
const socketOf = (ws: WebSocket): Socket => (ws as unknown as { _socket: Socket })._socket;

const WAYS: Readonly<Record<string, Leave>> = {
  close: (ws) => ws.close(1000, 'OK'),
  fin: (ws) => socketOf(ws).destroy(),
  reset: (ws) => socketOf(ws).resetAndDestroy(),
};
const rounds = Number(process.argv[2] ?? 500);

const provider = new WebSocketServer({ host: '127.0.0.1', port: 0 });
await once(provider, 'listening');
const { url, stop } = await startGateway((provider.address() as { port: number }).port);
console.log(`node ${process.version}, ${cpus()[0]?.model} x ${cpus().length}, ${rounds} rounds each`);
for (const side of ['client', 'provider'] as const) {
  for (const [way, leave] of Object.entries(WAYS)) {
    const histogram = createHistogram({ lowest: 1, highest: 60_000_000, figures: 3 });
    for (let round = 0; round < rounds; round += 1)
      histogram.record(Math.round(1000 * (await oneEnd(side, leave))) || 1);
    const ms = (us: number): string => (us / 1000).toFixed(2);
    const [p50, p99] = [histogram.percentile(50), histogram.percentile(99)];
    console.log(
      `${side} gone by ${way}: p50 ${ms(p50)} ms, p99 ${ms(p99)} ms, max ${ms(histogram.max)} ms, p99 < 100: ${p99 < 100_000}`,
    );
  }
}
provider.close();
await stop();

/** Milliseconds from the leaving of one end to the close event of the other. */
async function oneEnd(side: 'client' | 'provider', leave: Leave): Promise<number> {
  const accepted = once(provider, 'connection') as Promise<[WebSocket]>;
  const client = new WebSocket(url, { perMessageDeflate: false });
  client.on('error', () => {});
  await once(client, 'open');
  const [upstream] = await accepted;
  upstream.on('error', () => {});
  const [leaver, other] = side === 'client' ? [client, upstream] : [upstream, client];
  const told = once(other, 'close');
  const from = performance.now();
  leave(leaver);
  await told;
  return performance.now() - from;
}

async function startGateway(providerPort: number): Promise<{ url: string; stop: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-bench-'));
  const config = {
    listen: { port: 0, tlsPort: false },
    admin: { port: 0 },
    providers: { openai: { baseUrl: `ws://127.0.0.1:${providerPort}`, apiKey: 'bench', allowPrivate: true } },
    log: { level: 'silent' },
  };
  writeFileSync(join(folder, 'config.yaml'), JSON.stringify(config));
  const main = entry('main').pathname;
  const child = spawn(process.execPath, [main, 'serve', '--config', join(folder, 'config.yaml'), '--data', folder], {
    stdio: 'ignore',
  });
  for (let tries = 0; tries < 600; tries += 1) {
    try {
      const run = JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8')) as { listen: { port: number } };
      return {
        url: `ws://127.0.0.1:${run.listen.port}/v1/realtime?model=bench`,
        stop: async () => {
          child.kill('SIGTERM');
          await once(child, 'exit');
        },
      };
    } catch {
      await delay(50);
    }
  }
  child.kill('SIGKILL');
  throw new Error('the gateway did not start');
}
