// Prints the configuration in force as YAML: every default, secrets masked. The output is accepted as a file again.

import { Document, isMap, isScalar, isSeq, type Node, type Scalar } from 'yaml';
import { type Config, configSchema, type Rehearsal } from './config.ts';
import { isSecretPath, jsonSchemaOf, partAt } from './problem.ts';
import { FORWARD_CLIENT } from './schema.ts';

/** Explains the settings in comments. The data directory is no key of the file, and is a comment too. */
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
  explain(document.contents, jsonSchemaOf(configSchema));
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
  return value === FORWARD_CLIENT ? value : mask(path);
}

/** Masks differ from key to key, as secrets must. */
const mask = (path: Path) => `********${typeof path[1] === 'number' ? path[1] : ''}`;

/** Masks the password in a database URL, also in its query. */
function maskedStore(url: string): string {
  if (url === 'sqlite') return url;
  if (!URL.canParse(url)) return 'postgres://********';
  const shown = new URL(url);
  if (shown.password) shown.password = '********';
  for (const name of shown.searchParams.keys()) if (/pass/i.test(name)) shown.searchParams.set(name, '********');
  return shown.href;
}

/** Puts the description of a setting beside it, that of a section above it. */
function explain(node: unknown, part: ReturnType<typeof partAt>): void {
  if (isSeq(node)) for (const [index, item] of node.items.entries()) explain(item, part && partAt(part, [index]));
  if (!isMap<Scalar, Node>(node)) return;
  for (const { key, value } of node.items) {
    const below = part && partAt(part, [String(key.value)]);
    if (below?.description && isScalar(value)) value.comment = ` ${below.description}`;
    else if (below?.description) key.commentBefore = ` ${below.description}`;
    explain(value, below);
  }
}
