// The Bifrost gateway, when its command is on PATH. Its models carry the name of their provider.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Contender } from '../bench.ts';
import { freePort, isListening, outputOf, startCommand, whenReady } from '../machine/processes.ts';
import { chatAt } from './chat-at.ts';

const configFor = (providerPort: number) => ({
  providers: {
    openai: {
      keys: [{ name: 'bench', value: 'sk-bench', models: ['*'], weight: 1 }],
      network_config: { base_url: `http://127.0.0.1:${providerPort}` },
    },
  },
});

export const bifrostContender: Contender = {
  name: 'bifrost',
  hasTls: false,
  hasChat: true,
  absent: async () =>
    (await outputOf('bifrost-http', ['-version'])) === undefined ? 'no bifrost-http on PATH' : undefined,
  version: async () => /v?(\d+\.\d+\S*)/.exec((await outputOf('bifrost-http', ['-version'])) ?? '')?.[1] ?? 'unknown',
  async start({ providerPort, llmPort }) {
    const folder = mkdtempSync(join(tmpdir(), 'trunkline-bench-'));
    const port = await freePort();
    writeFileSync(join(folder, 'config.json'), JSON.stringify(configFor(llmPort ?? providerPort)));
    const started = await startCommand('bifrost-http', [
      '-app-dir',
      folder,
      '-port',
      String(port),
      '-host',
      '127.0.0.1',
    ]);
    await whenReady(started, () => isListening(port));
    return {
      url: (path) => `ws://127.0.0.1:${port}${path.replace('model=', 'model=openai/')}`,
      headers: {},
      ...(llmPort && chatAt(port, {}, 'openai/bench')),
      pids: [started.pid],
      async stop() {
        await started.stop();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },
};
