// Prints the configuration in force as YAML: every default explained, secrets masked. The output is accepted as a file again.

import { Document, isMap, isScalar, isSeq, type Node, type Scalar } from 'yaml';
import { type Config, configSchema } from '../config.ts';
import { isSecretPath, jsonSchemaOf, partAt } from '../problem.ts';
import { shownProxies } from './outbound-url.ts';
import { FORWARD_CLIENT } from './words.ts';

/** Returns YAML in the shape of the file. The data directory, which is no part of it, is a comment. */
export function printConfig(config: Config): string {
  // The rehearsed providers follow from the file and are no key of it; what is undefined is not printed.
  const rehearsal = config.rehearsal && { ...config.rehearsal, providers: undefined };
  const settings = { ...config, rehearsal };
  const sections = Object.keys(configSchema.shape).map((key) => [key, masked(Reflect.get(settings, key), [key])]);
  const document = new Document(Object.fromEntries(sections));
  const proxies = config.proxy && `\n proxies: ${shownProxies(config.proxy)}`;
  document.commentBefore = ` data directory: ${config.dataDirectory}${proxies ?? ''}`;
  explain(document.contents, jsonSchemaOf(configSchema));
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

type Path = readonly (string | number)[];

function masked(value: unknown, path: Path): unknown {
  if (isSecretPath(path) && value !== undefined) return maskedSecret(value, path);
  if (path[0] === 'webhooks' && path[2] === 'url') return maskedQuery(String(value));
  if (Array.isArray(value)) return value.map((item, index) => masked(item, [...path, index]));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, masked(item, [...path, key])]));
}

function maskedSecret(value: unknown, path: Path): unknown {
  if (path[0] === 'store') return maskedStore(String(value));
  return value === FORWARD_CLIENT ? value : mask(path);
}

/** A mask that differs from key to key, as secrets must. */
const mask = (path: Path) => `********${typeof path[1] === 'number' ? path[1] : ''}`;

/** Masks the password of a database URL, also one in its query. */
function maskedStore(url: string): string {
  if (url === 'sqlite') return url;
  const shown = URL.canParse(url) ? new URL(url) : undefined;
  // A password with a slash in it ends where nobody looks for it.
  if (shown === undefined || `${shown.pathname}${shown.search}${shown.hash}`.includes('@'))
    return 'postgres://********';
  if (shown.password) shown.password = '********';
  for (const name of shown.searchParams.keys()) if (/pass/i.test(name)) shown.searchParams.set(name, '********');
  return shown.href;
}

/** Masks what a receiver may take for a credential. */
function maskedQuery(url: string): string {
  const shown = new URL(url);
  for (const name of new Set(shown.searchParams.keys())) shown.searchParams.set(name, '********');
  return shown.search === '' ? url : shown.href;
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
