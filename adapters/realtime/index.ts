// The registry: which adapter serves a path. The gateway knows providers only through this file.

import type { Adapter, Route, Unserved } from './contract.ts';
import { gemini } from './gemini/adapter.ts';
import { openai } from './openai/adapter.ts';

export { findCredential } from './credential.ts';

/** Name -> adapter. */
export const adapters: ReadonlyMap<string, Adapter> = new Map([
  [openai.name, openai],
  [gemini.name, gemini],
]);

const all = [...adapters.values()];

/** Every WebSocket path, for the 404 that lists them. */
export const knownPaths: readonly string[] = all.flatMap(({ routes }) => routes.map(({ path }) => path));

/** A WebSocket path that is served, and whose it is. */
export interface FoundRoute {
  readonly adapter: Adapter;
  readonly route: Route;
}

/** An HTTP endpoint that is known and not served, and whose it is. */
export interface FoundUnserved {
  readonly adapter: Adapter;
  readonly unserved: Unserved;
}

const byPath: ReadonlyMap<string, FoundRoute> = new Map(
  all.flatMap((adapter) => adapter.routes.map((route) => [route.path, { adapter, route }] as const)),
);

const allUnserved: readonly FoundUnserved[] = all.flatMap((adapter) =>
  adapter.unserved.map((unserved) => ({ adapter, unserved })),
);

/** `path`: leading slashes collapsed, no query. */
export function findRoute(path: string): FoundRoute | undefined {
  return byPath.get(path);
}

/** The endpoint that SDKs know and this gateway does not serve; `{name}` in its path stands for one segment. */
export function findUnserved(method: string, path: string): FoundUnserved | undefined {
  const segments = path.split('/');
  return allUnserved.find(({ unserved }) => unserved.method === method && fits(unserved.path.split('/'), segments));
}

function fits(pattern: readonly string[], segments: readonly string[]): boolean {
  return (
    pattern.length === segments.length &&
    pattern.every((part, index) => part === segments[index] || (part.startsWith('{') && segments[index] !== ''))
  );
}
