// The Portkey gateway, from an npm folder of its own. Its realtime upstream is a fixed host, which a preload redirects.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Contender } from '../bench.ts';
import { startServer } from './server.ts';

const preload = fileURLToPath(new URL('./portkey-preload.cjs', import.meta.url));
const own = fileURLToPath(new URL('../peers/portkey', import.meta.url));

/** The folder of the package: where the variable says (a folder with node_modules), or below `bench/peers/portkey`. */
const home = () => join(process.env.TRUNKLINE_BENCH_PORTKEY ?? own, 'node_modules/@portkey-ai/gateway');

export const portkey: Contender = {
  name: 'portkey',
  hasChat: true,
  absent: () =>
    existsSync(home()) ? undefined : 'no @portkey-ai/gateway in bench/peers/portkey or TRUNKLINE_BENCH_PORTKEY',
  version: () => JSON.parse(readFileSync(join(home(), 'package.json'), 'utf8')).version,
  start: ({ providerPort, llmPort }) =>
    startServer(process.execPath, {
      args: (port) => [join(home(), 'build/start-server.js'), '--headless', `--port=${port}`],
      env: {
        PATH: process.env.PATH,
        NODE_OPTIONS: `--require ${JSON.stringify(preload)}`,
        TRUNKLINE_BENCH_PROVIDER_PORT: String(providerPort),
      },
      headers: { 'x-portkey-provider': 'openai', authorization: 'Bearer sk-bench' },
      chat: llmPort ? { headers: { 'x-portkey-custom-host': `http://127.0.0.1:${llmPort}/v1` } } : undefined,
    }),
};
