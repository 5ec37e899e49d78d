// Builds the console in a clone when it is missing or older than its sources. A package comes with it built.

import { execFile } from 'node:child_process';
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { consoleRoot, packageRoot } from '../platform/entry.ts';

const sources = join(packageRoot, 'server/console');
const page = join(consoleRoot, 'index.html');

/** Returns true when it was built. `env`: the environment of the build, ours when not given. Rejects when it cannot be built. */
export async function buildConsole(env?: NodeJS.ProcessEnv): Promise<boolean> {
  const isClone = existsSync(sources);
  if (existsSync(page) && (!isClone || statSync(page).mtimeMs >= newest(sources))) return false;
  // Built aside, so that a gateway that serves the old console never finds half of the new one.
  const aside = `${consoleRoot.replace(/[\\/]$/, '')}.${process.pid}`;
  try {
    await promisify(execFile)(
      process.execPath,
      [viteCommand(), 'build', sources, '--outDir', aside, '--logLevel', 'error'],
      env ? { env } : {},
    );
    rmSync(consoleRoot, { recursive: true, force: true });
    renameSync(aside, consoleRoot);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  return true;
}

function viteCommand(): string {
  try {
    return join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin/vite.js');
  } catch (cause) {
    throw new Error('the console is not built and vite is not installed: run "npm ci && npm run build"', { cause });
  }
}

/** Returns when anything below the folder was last changed, in ms since the epoch. */
function newest(folder: string): number {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return Math.max(...entries.map(({ parentPath, name }) => statSync(join(parentPath, name)).mtimeMs));
}
