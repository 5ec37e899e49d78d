// Before the first test: the console and the server are built when they are missing or older than their sources. The processes of the tests share
// what Node compiles, with those of the command too, and one folder for everything temporary, which goes at the end.

import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildConsole, buildServer } from '../../server/cli/build/build.ts';
import { packageRoot } from '../../server/platform/entry.ts';

export default async function setup(): Promise<() => void> {
  process.env.NODE_COMPILE_CACHE ??= join(packageRoot, 'node_modules/.cache/trunkline');
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-test-'));
  // A Postgres that may not run as root looks into it.
  chmodSync(folder, 0o711);
  process.env.TMPDIR = folder;
  // NODE_ENV says `test` here and would end up in the page.
  const { NODE_ENV: _, ...env } = process.env;
  try {
    await Promise.all([buildConsole(env), buildServer(env)]);
  } catch (error) {
    // Most suites need neither; those that do will fail.
    console.error(`the console or the server was not built: ${error instanceof Error ? error.message : error}`);
  }
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
