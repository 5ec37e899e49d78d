// The gateway of this repository, as an operator starts it: its command, with a configuration file.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunInfo } from '../../server/ipc/run-file.ts';
import { version } from '../../server/platform/entry.ts';
import type { Contender, RunningContender, StartOptions } from '../bench.ts';
import { outputOf, startCommand, whenReady } from '../machine/processes.ts';
import { chatAt, fileIn } from './server.ts';
import { SIDE_CLASS, sideSettings } from './side-settings.ts';

/** A checkout of another commit, with its packages installed, to be measured in the same run. */
const BEFORE = process.env.TRUNKLINE_BENCH_BEFORE;

const binIn = (root: string): string => join(root, 'server/cli/bin.js');

export const trunkline: Contender = {
  name: 'trunkline',
  hasChat: true,
  hasTls: true,
  absent: () => undefined,
  version: () => version,
  start: (options) => startTrunkline(binIn(fileURLToPath(new URL('../..', import.meta.url))), options),
};

export const trunklineBefore: Contender = {
  name: 'trunkline-before',
  hasChat: true,
  hasTls: true,
  absent: () => (BEFORE === undefined ? 'no checkout of another commit in TRUNKLINE_BENCH_BEFORE' : undefined),
  version: () => outputOf('git', ['-C', BEFORE ?? '.', 'rev-parse', '--short', 'HEAD'])?.trim() ?? 'unknown',
  start: (options) => startTrunkline(binIn(BEFORE ?? '.'), options),
};

async function startTrunkline(bin: string, options: StartOptions): Promise<RunningContender> {
  const data = options.dataFolder ?? options.folder;
  const file = fileIn(options.folder, 'config.yaml', configFor(options));
  const started = await startCommand(process.execPath, [bin, 'serve', '--config', file, '--data', data], {
    PATH: process.env.PATH,
    ...(options.providerCa && { NODE_EXTRA_CA_CERTS: options.providerCa }),
  });
  const { listen, admin } = await whenReady(started, () => runIn(data));
  const tlsPort = options.clientTls && listen.tlsPort;
  const origin = tlsPort ? `wss://127.0.0.1:${tlsPort}` : `ws://127.0.0.1:${listen.port}`;
  const headers = { authorization: 'Bearer bench' };
  const adminUrl = `http://127.0.0.1:${admin.port}`;
  return {
    url: (path) => origin + path,
    headers,
    ...(options.llmPort && { chat: chatAt(listen.port, { ...headers, 'x-trunkline-class': SIDE_CLASS }) }),
    pids: [started.pid],
    admin: adminUrl,
    eventLoopDelay: () => eventLoopDelay(adminUrl),
    stop: started.stop,
  };
}

function configFor({ providerPort, providerCa, clientTls, llmPort, config }: StartOptions): object {
  const baseUrl = `${providerCa ? 'wss' : 'ws'}://127.0.0.1:${providerPort}`;
  const { providers, ...rest } = (config ?? {}) as { providers?: Record<string, object> };
  return {
    listen: { port: 0, tlsPort: clientTls ? 0 : false, ...(clientTls && { tls: clientTls }) },
    admin: { port: 0 },
    log: { level: 'warn' },
    ...(llmPort && sideSettings(llmPort)),
    ...rest,
    providers: { ...providers, openai: { baseUrl, apiKey: 'bench', allowPrivate: true, ...providers?.openai } },
  };
}

function runIn(folder: string): Required<RunInfo> | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8')) as Required<RunInfo>;
  } catch {
    return undefined;
  }
}

/** The metrics of Node, of the process where it is largest; each scrape begins anew. */
async function eventLoopDelay(admin: string) {
  const text = await (await fetch(`${admin}/metrics`)).text();
  const largest = (name: string) => {
    const found = [...text.matchAll(new RegExp(`^nodejs_eventloop_lag_${name}_seconds(?:\\{.*\\})? (\\S+)`, 'gm'))];
    return Math.max(...found.map(([, seconds]) => Number(seconds) * 1000));
  };
  const [p50, p99, max] = [largest('p50'), largest('p99'), largest('max')];
  return Number.isFinite(p99) ? { p50, p99, max } : undefined;
}
