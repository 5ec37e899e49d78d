// The configuration in force as YAML: every default, secrets masked. What it prints is accepted as a file again.

import { Document, isMap, isScalar, type YAMLMap } from 'yaml';
import type { z } from 'zod';
import type { Config, Rehearsal } from './config.ts';
import { isSecretPath } from './config-problem.ts';
import { clientsOwn, limitsSchema, warmSchema } from './config-schema.ts';

/** YAML in the shape of the file, settings explained. The data directory, no part of the file, is a comment. */
export function printConfig(config: Config): string {
  const { processes, listen, admin, keys, providers, limits, log } = config;
  const rehearsal = config.rehearsal && withoutProviders(config.rehearsal);
  const document = new Document(masked({ processes, listen, admin, keys, providers, rehearsal, limits, log }, []));
  document.commentBefore = ` data directory: ${config.dataDirectory}`;
  explain(document.get('limits'), limitsSchema);
  for (const name of Object.keys(providers)) explain(document.getIn(['providers', name, 'warm']), warmSchema);
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

/** Which providers it stands in for follows from the file; it is no key of it. */
function withoutProviders({ providers: _, ...options }: Rehearsal) {
  return options;
}

type Path = readonly (string | number)[];

function masked(value: unknown, path: Path): unknown {
  if (isSecretPath(path)) return value === clientsOwn ? value : mask(path);
  if (Array.isArray(value)) return value.map((item, index) => masked(item, [...path, index]));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, masked(item, [...path, key])]));
}

/** Differs from key to key, as secrets must. */
const mask = (path: Path) => `********${typeof path[1] === 'number' ? path[1] : ''}`;

function explain(section: unknown, schema: z.ZodObject): void {
  if (!isMap(section)) return;
  for (const { key, value } of (section as YAMLMap).items) {
    const description = isScalar(key) ? schema.shape[String(key.value)]?.description : undefined;
    if (description && isScalar(value)) value.comment = ` ${description}`;
  }
}
