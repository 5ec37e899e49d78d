// Puts a page's program and the packages that it imports together, as a bundler of a web app does.

import { build, type Plugin } from 'vite';
import { root } from './pages.ts';

const ENTRY = 'virtual:page';

const entryOf = (code: string): Plugin => ({
  name: 'page',
  resolveId: (id, importer) => (id === ENTRY ? `${root}/page.js` : importer === undefined ? null : undefined),
  load: (id) => (id === `${root}/page.js` ? code : null),
});

/** Resolves with one script that needs nothing else. */
export async function bundled(code: string): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'silent',
    root,
    publicDir: false,
    plugins: [entryOf(code)],
    define: { 'process.env.NODE_ENV': '"production"' },
    build: { write: false, minify: false, rollupOptions: { input: ENTRY, output: { codeSplitting: false } } },
  });
  const [first] = [built].flat();
  const chunks = first !== undefined && 'output' in first ? first.output : [];
  const entry = chunks.find((chunk) => chunk.type === 'chunk' && chunk.isEntry);
  if (entry?.type !== 'chunk') throw new Error('the page was not built');
  return entry.code;
}
