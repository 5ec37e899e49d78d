// Every provider of the registry is held to the contract by the conformance suite.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { ServedEndpoint } from '../../../adapters/realtime/contract.ts';
import { findEndpoint, providers } from '../../../adapters/realtime/index.ts';
import { openaiKinds } from '../../../adapters/realtime/openai/kinds.ts';

const kinds = openaiKinds.map(({ name }) => name);
const adapters = [...providers.keys()].filter((name) => !kinds.includes(name));

/** Folders of providers that share one. */
const folders: Readonly<Record<string, string>> = { vertex: 'gemini' };

test.each(adapters)('%s runs through the conformance suite, in the test of its adapter', (name) => {
  const folder = folders[name] ?? name;
  const suite = readFileSync(new URL(`./${folder}/adapter.test.ts`, import.meta.url), 'utf8');
  const imported = new RegExp(`import \\{ ([\\w, ]+) \\} from '[./]+/adapters/realtime/${folder}/adapter\\.ts'`);
  const names = imported.exec(suite)?.[1]?.split(', ') ?? [];
  const [only] = names;
  expect(suite).toContain(`conformance(${names.length === 1 ? only : name}, {`);
});

const pathOf = (endpoint: ServedEndpoint): string => endpoint.path.replaceAll(/\{\w+\}/g, 'some');

test('each endpoint is found behind the name of its provider', () => {
  for (const provider of providers.values())
    for (const endpoint of provider.endpoints)
      expect(findEndpoint(`/${provider.name}${pathOf(endpoint)}`)).toMatchObject({
        provider,
        endpoint: { path: endpoint.path },
      });
});

test('a path whose messages hold a credential is that of one provider: the account of another would let it pass', () => {
  const all = [...providers.values()].flatMap((provider) =>
    provider.endpoints.map((endpoint) => ({ provider, endpoint, path: pathOf(endpoint) })),
  );
  const inMessages = all.filter(({ endpoint }) => endpoint.firstFrame !== undefined);
  expect(inMessages.length).toBeGreaterThan(0);
  for (const { provider, endpoint, path } of inMessages) {
    const claims = all.filter((other) => [path, `/${provider.name}${path}`].includes(other.path));
    expect(claims.map((other) => other.endpoint)).toEqual([endpoint]);
    expect(findEndpoint(path)).toMatchObject({ provider, endpoint: { path: endpoint.path } });
  }
});

test('these are all paths that several providers claim, the first of which has it where nothing else says whose it is', () => {
  const claims = new Map<string, string[]>();
  for (const { name, endpoints } of providers.values())
    for (const path of new Set(endpoints.map(pathOf))) claims.set(path, [...(claims.get(path) ?? []), name]);
  const behindNames = [...providers.values()].flatMap(({ name, endpoints }) =>
    endpoints.flatMap((endpoint) => {
      const others = claims.get(`/${name}${pathOf(endpoint)}`);
      return others === undefined ? [] : [[`/${name}${pathOf(endpoint)}`, [name, ...others]] as const];
    }),
  );
  const shared = [...claims].filter(([, names]) => names.length > 1);
  expect(Object.fromEntries([...shared, ...behindNames])).toEqual({
    '/v1/live/sessions': ['openai', 'kugelaudio'],
    '/v1/realtime': ['openai', 'xai', 'stepfun', 'kugelaudio', 'baseten', 'huggingface', 'vllm'],
    '/openai/v1/realtime': ['openai', 'azure'],
    '/openai/v1/live/sessions': ['openai', 'azure'],
    '/openai/v1/live/sessions/some/attach': ['openai', 'azure'],
    '/openai/v1/live/sessions/some/fork': ['openai', 'azure'],
  });
});
