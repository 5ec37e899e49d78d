// Before the first test: the console is built when it is missing or older than its sources.

import { execFile } from 'node:child_process';
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));
const sources = join(root, 'server/console');
const built = join(root, 'dist/console');

export default async function setup(): Promise<void> {
  if (existsSync(join(built, 'index.html')) && statSync(join(built, 'index.html')).mtimeMs >= newest(sources)) return;
  // Built aside, so that a gateway that is serving the old one never finds half of the new one.
  const outDir = `${built}.${process.pid}`;
  try {
    await build(outDir);
    rmSync(built, { recursive: true, force: true });
    renameSync(outDir, built);
  } catch (error) {
    // Most suites need no page; those that do will fail.
    rmSync(outDir, { recursive: true, force: true });
    console.error(`the console was not built: ${error instanceof Error ? error.message : error}`);
  }
}

/** In a process of its own, since NODE_ENV says `test` here and would end up in the page. */
async function build(outDir: string): Promise<void> {
  const vite = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin/vite.js');
  const { NODE_ENV: _, ...env } = process.env;
  await promisify(execFile)(process.execPath, [vite, 'build', sources, '--outDir', outDir, '--logLevel', 'error'], {
    env,
  });
}

/** When anything below the folder was last changed, in ms. */
function newest(folder: string): number {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return Math.max(...entries.map(({ parentPath, name }) => statSync(join(parentPath, name)).mtimeMs));
}
