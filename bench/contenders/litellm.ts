// The LiteLLM proxy, when its command is on PATH.

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Contender, StartOptions } from '../bench.ts';
import { freePort, isListening, outputOf, startCommand, whenReady } from '../machine/processes.ts';
import { chatAt } from './chat-at.ts';

/** Deadline of the start: LiteLLM imports half of PyPI before it listens. */
const START_MS = 120_000;

/** One that is known to everybody is refused. */
const masterKey = `sk-${randomBytes(32).toString('hex')}`;

const realtime = (providerPort: number) => ({
  model_name: 'bench',
  litellm_params: {
    model: 'openai/gpt-realtime',
    api_base: `http://127.0.0.1:${providerPort}`,
    api_key: 'sk-bench',
  },
  model_info: { mode: 'realtime' },
});
const chat = (llmPort: number) => ({
  model_name: 'bench',
  litellm_params: { model: 'openai/bench', api_base: `http://127.0.0.1:${llmPort}/v1`, api_key: 'sk-bench' },
});

const configFor = ({ providerPort, llmPort }: StartOptions) => ({
  model_list: [llmPort === undefined ? realtime(providerPort) : chat(llmPort)],
  general_settings: { master_key: masterKey },
});

export const litellmContender: Contender = {
  name: 'litellm',
  hasTls: false,
  hasChat: true,
  absent: async () => ((await outputOf('litellm', ['--version'])) === undefined ? 'no litellm on PATH' : undefined),
  // Its output begins with other numbers, such as the time that imports took.
  version: async () => /(\d+\.\d+\.\d+\S*)/.exec((await outputOf('litellm', ['--version'])) ?? '')?.[1] ?? 'unknown',
  async start(options) {
    const folder = mkdtempSync(join(tmpdir(), 'trunkline-bench-'));
    const file = join(folder, 'config.yaml');
    const port = await freePort();
    writeFileSync(file, JSON.stringify(configFor(options)));
    const started = await startCommand('litellm', ['--config', file, '--port', String(port), '--host', '127.0.0.1'], {
      // LiteLLM would ask the internet for prices, three times, before it goes on without.
      env: { ...process.env, LITELLM_LOCAL_MODEL_COST_MAP: 'True' },
    });
    await whenReady(started, () => isListening(port), START_MS);
    return {
      url: (path) => `ws://127.0.0.1:${port}${path}`,
      headers: { authorization: `Bearer ${masterKey}` },
      ...(options.llmPort && chatAt(port, { authorization: `Bearer ${masterKey}` })),
      pids: [started.pid],
      async stop() {
        await started.stop();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },
};
