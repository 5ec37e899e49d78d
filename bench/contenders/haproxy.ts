// HAProxy with one thread, forwarding HTTP and then the tunnel: the price of any hop.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Contender } from '../bench.ts';
import { freePort, isListening, outputOf, startCommand, whenReady } from '../machine/processes.ts';

const configFor = (port: number, providerPort: number) => `global
  nbthread 1
  maxconn 6000
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 1h
frontend clients
  bind 127.0.0.1:${port}
  default_backend provider
backend provider
  server provider 127.0.0.1:${providerPort}
`;

export const haproxy: Contender = {
  name: 'haproxy',
  hasTls: false,
  absent: async () => ((await outputOf('haproxy', ['-v'])) === undefined ? 'no haproxy on PATH' : undefined),
  version: async () => /version (\S+)/.exec((await outputOf('haproxy', ['-v'])) ?? '')?.[1] ?? 'unknown',
  async start({ providerPort }) {
    const folder = mkdtempSync(join(tmpdir(), 'trunkline-bench-'));
    const file = join(folder, 'haproxy.cfg');
    const port = await freePort();
    writeFileSync(file, configFor(port, providerPort));
    const started = await startCommand('haproxy', ['-db', '-f', file]);
    await whenReady(started, () => isListening(port));
    return {
      url: (path) => `ws://127.0.0.1:${port}${path}`,
      headers: {},
      pids: [started.pid],
      async stop() {
        await started.stop();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },
};
