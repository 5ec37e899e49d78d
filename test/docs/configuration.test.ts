// docs/configuration.md is what the schema of the configuration says. `npm run docs` writes it anew.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { configurationPage, configurationSections } from '../support/configuration-page.ts';

test('docs/configuration.md is up to date (npm run docs writes it anew)', async () => {
  const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
  await expect(configurationPage(page)).toMatchFileSnapshot('../../docs/configuration.md');
});

test('every key says what it means, in sentences', () => {
  const keys = configurationSections().flatMap(({ name, meaning, rows }) => [{ path: name, meaning }, ...rows]);
  expect(keys.length).toBeGreaterThan(150);
  expect(keys.filter(({ meaning }) => !/^\S.*\.$/.test(meaning)).map(({ path }) => path)).toEqual([]);
});
