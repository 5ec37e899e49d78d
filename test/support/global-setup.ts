// Before the first test: the console is built when it is missing or older than its sources, as `npm start` would do.

import { execFile } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));
const sources = join(root, 'server/console');
const page = join(root, 'dist/console/index.html');

export default async function setup(): Promise<void> {
  if (existsSync(page) && statSync(page).mtimeMs >= newest(sources)) return;
  const vite = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin/vite.js');
  await promisify(execFile)(process.execPath, [vite, 'build', 'server/console', '--logLevel', 'warn'], { cwd: root });
}

/** When anything below the folder was last changed, in ms. */
function newest(folder: string): number {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return Math.max(...entries.map(({ parentPath, name }) => statSync(join(parentPath, name)).mtimeMs));
}
