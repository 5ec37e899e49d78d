// nginx with one worker and no buffering: the other price of any hop.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Contender } from '../bench.ts';
import { freePort, isListening, outputOf, startCommand, whenReady } from '../machine/processes.ts';

const configFor = (port: number, providerPort: number, folder: string) => `daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr warn;
events { worker_connections 12000; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://127.0.0.1:${providerPort};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      proxy_buffering off;
      proxy_read_timeout 1h;
      proxy_send_timeout 1h;
    }
  }
}
`;

export const nginx: Contender = {
  name: 'nginx',
  hasTls: false,
  absent: async () => ((await outputOf('nginx', ['-v'])) === undefined ? 'no nginx on PATH' : undefined),
  version: async () => /nginx\/(\S+)/.exec((await outputOf('nginx', ['-v'])) ?? '')?.[1] ?? 'unknown',
  async start({ providerPort }) {
    const folder = mkdtempSync(join(tmpdir(), 'trunkline-bench-'));
    for (const name of ['body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']) mkdirSync(join(folder, name));
    const file = join(folder, 'nginx.conf');
    const port = await freePort();
    writeFileSync(file, configFor(port, providerPort, folder));
    const started = await startCommand('nginx', ['-e', 'stderr', '-p', folder, '-c', file]);
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
