// docs/keys-limits-closes.md beside the code: every limit, and every close that the gateway itself sends.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { limitsSchema } from '../../server/config/schema.ts';
import {
  budgetReached,
  endedByOperator,
  keyRevoked,
  reasons,
  sessionLimit,
} from '../../server/session/close-reason.ts';
import { withoutComments } from '../support/imports.ts';
import { AGREES, compared, guide, root } from '../support/pages.ts';

const page = guide('docs/keys-limits-closes.md').text;

/** The cells of each row of a section's table. */
function rowsOf(heading: string): readonly (readonly string[])[] {
  const [table = ''] = page.split(`\n## ${heading}\n`)[1]?.split('\n## ') ?? [];
  return [...table.matchAll(/^\| (.*) \|$/gm)].map(([, row = '']) => row.split('|').map((cell) => cell.trim()));
}

test('docs/keys-limits-closes.md says of each limit what happens beyond it, and has no other', () => {
  const onPage = rowsOf('Limits').flatMap(([limits = '']) =>
    [...limits.matchAll(/`(\w+)`/g)].map(([, name = '']) => name),
  );
  expect(compared(onPage, Object.keys(limitsSchema.shape))).toEqual(AGREES);
});

/** The codes with which the reader of frames answers a breach: 1002 for a fault of the protocol, others for a limit. */
function codesOfBreaches(): readonly string[] {
  const files = readdirSync(join(root, 'codecs/websocket')).filter((name) => /frame.*\.ts$/.test(name));
  const code = files
    .map((name) => withoutComments(readFileSync(join(root, 'codecs/websocket', name), 'utf8')))
    .join('\n');
  const found = [...code.matchAll(/(?:fault: |return |\? |#break\()(1\d{3})\b/g)].map(([, breach = '']) => breach);
  return [...new Set(found)];
}

test('docs/keys-limits-closes.md says of each close that the gateway sends to whom, and has no other', () => {
  const inCode = [
    ...Object.values(reasons),
    budgetReached(''),
    endedByOperator(''),
    keyRevoked(),
    sessionLimit(1),
  ].flatMap(({ client, provider }) => [
    ...(client === 'lost' ? [] : [`${client.code} to the client`]),
    ...(provider === 'lost' ? [] : [`${provider.code} to the provider`]),
  ]);
  const breaches = codesOfBreaches().flatMap((code) => [`${code} to the client`, `${code} to the provider`]);
  const onPage = rowsOf('Closes').flatMap(([codes = '', whom = '']) => {
    const ends = ['the client', 'the provider'].includes(whom) ? [whom] : ['the client', 'the provider'];
    return [...codes.matchAll(/\d{4}/g)].flatMap(([code]) => ends.map((end) => `${code} to ${end}`));
  });
  expect(breaches.length).toBeGreaterThan(4);
  expect(compared(onPage, [...inCode, ...breaches])).toEqual(AGREES);
});
