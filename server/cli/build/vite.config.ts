// Builds the server: each module that a process or a thread of ours starts with, and what they share. What the package depends on stays outside.

import { join } from 'node:path';
import { defineConfig } from 'vite';

const STARTED = [
  'cli/main',
  'gateway/process',
  'side/process',
  'side/store/engines/sqlite-worker',
  'rehearsal/process',
  'rehearsal/speech-worker',
];

const server = join(import.meta.dirname, '../..');

export default defineConfig({
  root: server,
  publicDir: false,
  build: {
    ssr: true,
    outDir: '../dist/server',
    emptyOutDir: true,
    target: 'node24',
    rolldownOptions: {
      input: Object.fromEntries(STARTED.map((name) => [name, join(server, `${name}.ts`)])),
      output: { entryFileNames: '[name].js', chunkFileNames: 'chunks/[name].js' },
    },
  },
});
