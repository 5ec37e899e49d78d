// The configuration in force as YAML: every default, secrets masked. What it prints is accepted as a file again.

import { Document, isMap, isScalar, type YAMLMap } from 'yaml';
import type { z } from 'zod';
import type { Config, Rehearsal } from './config.ts';
import { isSecretPath } from './problem.ts';
import { clientsOwn, limitsSchema, preconnectSchema } from './schema.ts';
import { sideShape } from './side-schema.ts';

/** YAML in the shape of the file, settings explained. The data directory, no part of the file, is a comment. */
export function printConfig(config: Config): string {
  // `hasRehearsalGateway` follows from the file; it is no key of it.
  const {
    dataDirectory,
    hasRehearsalGateway: _,
    processes,
    listen,
    admin,
    keys,
    providers,
    limits,
    log,
    ...side
  } = config;
  const rehearsal = config.rehearsal && withoutProviders(config.rehearsal);
  const sections = { processes, listen, admin, keys, providers, ...side, rehearsal, limits, log };
  const document = new Document(masked(sections, []));
  document.commentBefore = ` data directory: ${dataDirectory}`;
  explain(document.get('limits'), limitsSchema);
  explain(document.get('side'), sideShape.side.unwrap());
  for (const name of Object.keys(config.providers))
    explain(document.getIn(['providers', name, 'preconnect']), preconnectSchema);
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

/** The rehearsed providers follow from the file, and are no key of it. */
function withoutProviders({ providers: _, ...options }: Rehearsal) {
  return options;
}

type Path = readonly (string | number)[];

function masked(value: unknown, path: Path): unknown {
  if (isSecretPath(path) && value !== undefined) return maskedSecret(value, path);
  if (Array.isArray(value)) return value.map((item, index) => masked(item, [...path, index]));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, masked(item, [...path, key])]));
}

function maskedSecret(value: unknown, path: Path): unknown {
  if (path[0] === 'store') return maskedStore(String(value));
  return value === clientsOwn ? value : mask(path);
}

/** Differs from key to key, as secrets must. */
const mask = (path: Path) => `********${typeof path[1] === 'number' ? path[1] : ''}`;

/** Of a database URL only the password, and what its query holds, are secret. */
function maskedStore(url: string): string {
  if (url === 'sqlite') return url;
  if (!URL.canParse(url)) return 'postgres://********';
  const shown = new URL(url);
  if (shown.password) shown.password = '********';
  for (const name of shown.searchParams.keys()) if (/pass/i.test(name)) shown.searchParams.set(name, '********');
  return shown.href;
}

function explain(section: unknown, schema: z.ZodObject): void {
  if (!isMap(section)) return;
  for (const { key, value } of (section as YAMLMap).items) {
    const description = isScalar(key) ? schema.shape[String(key.value)]?.description : undefined;
    if (description && isScalar(value)) value.comment = ` ${description}`;
  }
}
