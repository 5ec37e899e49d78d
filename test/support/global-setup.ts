// Before the first test: the console is built when it is missing or older than its sources.

import { buildConsole } from '../../server/console-build.ts';

export default async function setup(): Promise<void> {
  // NODE_ENV says `test` here and would end up in the page.
  const { NODE_ENV: _, ...env } = process.env;
  try {
    await buildConsole(env);
  } catch (error) {
    // Most suites need no page; those that do will fail.
    console.error(`the console was not built: ${error instanceof Error ? error.message : error}`);
  }
}
