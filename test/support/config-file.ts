// A configuration file for one test, in a folder of its own.

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';

/** Writes the data as YAML and returns the path. */
export function configFile(data: object): string {
  const file = join(mkdtempSync(join(tmpdir(), 'trunkline-')), 'trunkline.yaml');
  writeFileSync(file, stringify(data));
  return file;
}
