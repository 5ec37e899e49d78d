// A configuration file for one test, in a folder of its own.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { temporaryFolder } from './temporary-folder.ts';

/** Writes the data as YAML and returns the path. */
export function configFile(data: object): string {
  const file = join(temporaryFolder('config'), 'trunkline.yaml');
  writeFileSync(file, stringify(data));
  return file;
}

/** The configuration of a gateway that takes a busy machine for no overload, unless it says itself what one is. */
export function neverOverloaded(config: Record<string, unknown>): Record<string, unknown> {
  const limits = config.limits as { overload?: object } | undefined;
  return { ...config, limits: { ...limits, overload: { lagMs: 0, ...limits?.overload } } };
}
