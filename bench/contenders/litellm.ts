// The LiteLLM proxy, when its command is on PATH.

import { randomBytes } from 'node:crypto';
import type { Contender, StartOptions } from '../bench.ts';
import { fileIn, onPath, startServer } from './server.ts';

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

export const litellm: Contender = {
  name: 'litellm',
  hasChat: true,
  ...onPath('litellm', { flag: '--version', pattern: /Current Version = (\d\S*)/ }),
  start: (options) =>
    startServer('litellm', {
      args: (port) => [
        ...['--config', fileIn(options.folder, 'config.yaml', configFor(options))],
        ...['--port', String(port), '--host', '127.0.0.1'],
      ],
      // LiteLLM would ask the internet for prices, three times, before it goes on without.
      env: { ...process.env, LITELLM_LOCAL_MODEL_COST_MAP: 'True' },
      headers: { authorization: `Bearer ${masterKey}` },
      chat: options.llmPort ? {} : undefined,
      readyMs: START_MS,
    }),
};
