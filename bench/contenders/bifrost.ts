// The Bifrost gateway, when its command is on PATH. Its models carry the name of their provider.

import type { Contender } from '../bench.ts';
import { fileIn, onPath, startServer } from './server.ts';

const configFor = (providerPort: number) => ({
  providers: {
    openai: {
      keys: [{ name: 'bench', value: 'sk-bench', models: ['*'], weight: 1 }],
      network_config: { base_url: `http://127.0.0.1:${providerPort}` },
    },
  },
});

export const bifrost: Contender = {
  name: 'bifrost',
  hasChat: true,
  ...onPath('bifrost-http', { flag: '-version', pattern: /^\S*bifrost\S*(?: version)?:? v?(\d+\.\d+\S*)/im }),
  async start({ providerPort, llmPort, folder }) {
    fileIn(folder, 'config.json', configFor(llmPort ?? providerPort));
    const started = await startServer('bifrost-http', {
      args: (port) => ['-app-dir', folder, '-port', String(port), '-host', '127.0.0.1'],
      chat: llmPort ? { model: 'openai/bench' } : undefined,
    });
    return { ...started, url: (path) => started.url(path.replace('model=', 'model=openai/')) };
  },
};
