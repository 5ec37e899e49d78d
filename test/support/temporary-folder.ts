// Folders for tests, inside the one that global-setup.ts makes for the whole run, and which goes with it.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** An empty folder of its own; `name` shows in its path. */
export const temporaryFolder = (name: string): string => mkdtempSync(join(tmpdir(), `trunkline-${name}-`));
