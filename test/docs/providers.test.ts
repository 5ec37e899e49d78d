// docs/providers.md is what the adapters declare. `npm run docs` writes it anew.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { providersPage } from '../support/providers-page.ts';

test('docs/providers.md is up to date (npm run docs writes it anew)', async () => {
  const page = readFileSync(new URL('../../docs/providers.md', import.meta.url), 'utf8');
  await expect(providersPage(page)).toMatchFileSnapshot('../../docs/providers.md');
});
