// The registry: which adapter serves a path. The gateway knows providers only through this file.

import type { Adapter, Route, Unserved } from './adapter.ts';
import { gemini } from './gemini/adapter.ts';
import { openai } from './openai/adapter.ts';

/** Every provider that the gateway knows. */
export const adapters: readonly Adapter[] = [openai, gemini];

/** Every WebSocket path, for the 404 that lists them. */
export const paths: readonly string[] = adapters.flatMap(({ routes }) => routes.map(({ path }) => path));

export interface FoundRoute {
  readonly adapter: Adapter;
  readonly route: Route;
}

export interface FoundUnserved {
  readonly adapter: Adapter;
  readonly unserved: Unserved;
}

const byPath: ReadonlyMap<string, FoundRoute> = new Map(
  adapters.flatMap((adapter) => adapter.routes.map((route) => [route.path, { adapter, route }] as const)),
);

const allUnserved: readonly FoundUnserved[] = adapters.flatMap((adapter) =>
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
