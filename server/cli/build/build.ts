// Builds in a clone what is missing or older than its sources: the console, and the server, since Node would read and strip its many modules one by
// one at each start. A package comes with both built.

import { execFile } from 'node:child_process';
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { consoleRoot, packageRoot } from '../../platform/entry.ts';

interface Build {
  readonly folder: string;
  /** A file that each build writes. */
  readonly written: string;
  readonly sources: readonly string[];
  readonly command: readonly string[];
}

const at = (path: string) => join(packageRoot, path);

const CONSOLE: Build = {
  folder: consoleRoot,
  written: 'index.html',
  sources: [at('server/console')],
  command: ['build', at('server/console')],
};

const SERVER: Build = {
  folder: at('dist/server'),
  written: 'cli/main.js',
  sources: ['server', 'codecs', 'adapters'].map(at),
  command: ['build', '--config', at('server/cli/build/vite.config.ts')],
};

/** Returns true when it was built. `env`: the environment of the build, ours when not given. Rejects when it cannot be built. */
export const buildConsole = (env?: NodeJS.ProcessEnv): Promise<boolean> => build(CONSOLE, env);

/** The same for the server: `dist/server/cli/main.js` and the modules of its processes. */
export const buildServer = (env?: NodeJS.ProcessEnv): Promise<boolean> => build(SERVER, env);

async function build(what: Build, env?: NodeJS.ProcessEnv): Promise<boolean> {
  if (isFresh(what)) return false;
  const folder = what.folder.replace(/[\\/]$/, '');
  // Built aside, so that whoever uses the old one never finds half of the new one.
  const [aside, old] = [`${folder}.${process.pid}`, `${folder}.${process.pid}.old`];
  try {
    const arguments_ = [viteCommand(), ...what.command, '--outDir', aside, '--logLevel', 'error'];
    await promisify(execFile)(process.execPath, arguments_, env ? { env } : {});
    if (existsSync(folder)) renameSync(folder, old);
    renameSync(join(aside), folder);
  } finally {
    for (const left of [aside, old]) rmSync(left, { recursive: true, force: true });
  }
  return true;
}

function isFresh({ folder, written, sources }: Build): boolean {
  const file = join(folder, written);
  if (!existsSync(file)) return false;
  const isClone = sources.every((source) => existsSync(source));
  return !isClone || statSync(file).mtimeMs >= Math.max(...sources.map(newest));
}

function viteCommand(): string {
  try {
    return join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin/vite.js');
  } catch (cause) {
    throw new Error('vite is not installed: run "npm ci && npm run build"', { cause });
  }
}

/** Returns when anything below the folder was last changed, in ms since the epoch. */
function newest(folder: string): number {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return Math.max(...entries.map(({ parentPath, name }) => statSync(join(parentPath, name)).mtimeMs));
}
