// The meaning of closes, beside the page that tells it.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { meaningOfClose } from '../../client/index.ts';

const page = readFileSync(new URL('../../docs/keys-limits-closes.md', import.meta.url), 'utf8');
const codesIn = (text = '') => [...text.matchAll(/\b([14]\d{3})\b/g)].map(([, code]) => Number(code));

test('a client tries again after the closes that the page names, and after no other', () => {
  const [, again, never] = /A client may try again after ([^;]*);\s*not after ([^.]*)\./.exec(page) ?? [];
  const [retried, final] = [codesIn(again?.replace('4000 range', '')), codesIn(never)];
  expect(retried.length).toBeGreaterThan(3);
  expect(final.length).toBeGreaterThan(6);
  for (const code of [...retried, 4008, 4408, 4600])
    expect(meaningOfClose(code)).toMatchObject({ code, mayRetry: true });
  for (const code of [...final, 1000, 1005]) expect(meaningOfClose(code)).toMatchObject({ code, mayRetry: false });
});

test('every close of the page has a kind', () => {
  const rows = [...page.matchAll(/^\| (\d{4}) +\|/gm)].map(([, code]) => Number(code));
  expect(rows.length).toBeGreaterThan(8);
  for (const code of rows) expect(meaningOfClose(code).kind).not.toBe('other');
});
