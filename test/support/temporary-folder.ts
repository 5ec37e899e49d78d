// Folders for tests, which go when the suite is done.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

const made: string[] = [];

// Registered before the hooks of the suite, so it runs after them.
afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

/** An empty folder of its own; `name` shows in its path. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `trunkline-${name}-`));
  made.push(folder);
  return folder;
}
