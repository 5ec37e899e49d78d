// Builds the console page into plain files that any static server can serve under a strict content security policy.

import { join } from 'node:path';
import preact from '@preact/preset-vite';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [preact({ prefreshEnabled: false, devToolsEnabled: false, reactAliasesEnabled: false })],
  build: {
    // The pages of the public listener and of the admin listener.
    rollupOptions: { input: ['index.html', 'operator.html'].map((page) => join(import.meta.dirname, page)) },
    outDir: '../../dist/console',
    emptyOutDir: true,
    target: 'es2023',
    // Browsers from these on know `light-dark()`: for older ones it is rewritten into something larger.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    // The policy allows nothing inline: neither data: addresses nor a preload script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  worker: { format: 'es' },
});
