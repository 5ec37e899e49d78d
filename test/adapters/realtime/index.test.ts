// Every provider of the registry is held to the contract by the conformance suite.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { findEndpoint, providers } from '../../../adapters/realtime/index.ts';

test.each([...providers.keys()])('%s runs through the conformance suite, in the test of its adapter', (name) => {
  const suite = readFileSync(new URL(`./${name}/adapter.test.ts`, import.meta.url), 'utf8');
  const imported = new RegExp(`import \\{ (\\w+) \\} from '[./]+/adapters/realtime/${name}/adapter\\.ts'`);
  expect(suite).toContain(`conformance(${imported.exec(suite)?.[1] ?? 'nothing'}, {`);
});

test('no path belongs to two endpoints, and each is found at its own', () => {
  for (const provider of providers.values())
    for (const endpoint of provider.endpoints)
      expect(findEndpoint(endpoint.path.replaceAll(/\{\w+\}/g, 'some'))).toMatchObject({ provider, endpoint });
});
