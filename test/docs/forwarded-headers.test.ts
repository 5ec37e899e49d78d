// docs/keys-limits-closes.md beside the headers that each provider declares.

import { expect, test } from 'vitest';
import { providers } from '../../adapters/realtime/index.ts';
import { guide } from '../support/pages.ts';

test('the page has the headers that go on to each provider, and no others', () => {
  const [, section = ''] = guide('docs/keys-limits-closes.md').text.split('\n## Headers of clients\n');
  const rows = [...(section.split('\n## ')[0] ?? '').matchAll(/^\| `([^`]+)` +\| (.+?) +\|$/gm)];
  const onPage = rows.map(([, name, headers = '']) => [
    name,
    [...headers.matchAll(/`([^`]+)`/g)].map(([, header]) => header),
  ]);
  expect(onPage).toEqual([...providers.values()].map(({ name, forwardedHeaders }) => [name, forwardedHeaders]));
});
