// Builds the console where it is missing: in a clone that is started for the first time. A package comes with it built.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { consoleRoot, packageRoot } from './entry.ts';

/** True when it had to be built. Throws when it is missing and cannot be built. */
export async function buildConsole(): Promise<boolean> {
  if (existsSync(join(consoleRoot, 'index.html'))) return false;
  const { build } = await import('vite').catch((cause: unknown) => {
    throw new Error('the console is not built and vite is not installed: run "npm ci && npm run build"', { cause });
  });
  await build({ root: join(packageRoot, 'server/console'), logLevel: 'error' });
  return true;
}
