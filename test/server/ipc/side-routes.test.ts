// The table of routes, as both listeners and the side process read it.

import { expect, test } from 'vitest';
import { mintRoutes } from '../../../adapters/realtime/index.ts';
import { sidePaths, sideRoutesAt } from '../../../server/ipc/side-routes.ts';

const namesAt = (scope: 'key' | 'admin', path: string) => sideRoutesAt(scope, path).map(({ route }) => route.name);

test('a key finds its routes below /v1, the administrator without that prefix', () => {
  expect(namesAt('key', '/v1/tasks')).toEqual(['postTask', 'getTasks']);
  expect(namesAt('admin', '/tasks')).toEqual(['getTasks']);
  expect(namesAt('key', '/tasks')).toEqual([]);
  expect(namesAt('admin', '/v1/tasks')).toEqual([]);
  expect(namesAt('key', '/v1/export')).toEqual([]);
});

test('a path gives one match for each of its methods, with the segments that stand for names', () => {
  const matches = sideRoutesAt('key', '/v1/sessions/a.2');
  expect(matches.map(({ route }) => route.method)).toEqual(['GET', 'DELETE']);
  for (const { parameters } of matches) expect(parameters).toEqual({ id: 'a.2' });
});

test('a path that is none gives no match: one too short, one too long, one with an empty segment', () => {
  for (const path of ['/v1/tasks/a/retry/b', '/v1/tasks/', '/v1/tasks//retry']) {
    expect([path, namesAt('key', path)]).toEqual([path, []]);
  }
});

test('an old path finds the route, says that it is old, and is in no list of paths', () => {
  expect(sideRoutesAt('key', '/v1/sessions/a/seed')).toMatchObject([
    {
      route: { name: 'getSessionContext', path: '/v1/sessions/{id}/context' },
      parameters: { id: 'a' },
      isOldPath: true,
    },
  ]);
  expect(sidePaths('key')).not.toContain('/v1/sessions/{id}/seed');
});

test('each listener lists each of its paths once', () => {
  for (const scope of ['key', 'admin'] as const) {
    const paths = sidePaths(scope);
    expect(paths).toEqual([...new Set(paths)]);
    // Paths of mints are those of their providers.
    const own = paths.filter((path) => !mintRoutes.some((mint) => mint.path === path));
    expect(own.every((path) => path.startsWith('/v1/') === (scope === 'key'))).toBe(true);
  }
});
