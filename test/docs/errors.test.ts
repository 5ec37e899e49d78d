// docs/errors.md has every code that the code knows, and no other; each has an anchor, since answers point at it.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { knownPaths } from '../../adapters/realtime/index.ts';
import { refuse } from '../../server/http/request/refusals.ts';
import { closeOutcomes } from '../../server/session/close-reason.ts';
import { requestOf } from '../support/admissions.ts';
import { AGREES, anchorsOf, compared, guide, root } from '../support/pages.ts';

const page = guide('docs/errors.md');

/** The codes in the first column of a section's table. */
function rowsOf(heading: string): readonly string[] {
  const [, section = ''] = page.text.split(`\n## ${heading}\n`);
  const [table = ''] = section.split('\n## ');
  return [...table.matchAll(/^\| (?:<a id="[^"]+"><\/a>)?`?([\w-]+)`? +\|/gm)].map(([, code = '']) => code).slice(2);
}

const sources = (...folders: string[]): readonly string[] =>
  folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(join(root, folder, name), 'utf8')),
  );

/** The strings of what a pattern's first group holds, each once. */
function wordsIn(texts: readonly string[], ...patterns: RegExp[]): readonly string[] {
  const found = texts.flatMap((text) => patterns.flatMap((pattern) => [...text.matchAll(pattern)]));
  return [...new Set(found.flatMap(([, group = '']) => [...group.matchAll(/[a-z][a-z_-]*/g)].map(String)))].sort();
}

/** `'a' | 'b'`, over several lines too. */
const STRINGS = String.raw`((?:\s*\|?\s*'[a-z_-]+')+)`;

test('docs/errors.md has every code of an HTTP answer or of a frame, and no other', () => {
  const product = sources('adapters/realtime', 'server/http', 'server/gateway', 'server/session', 'server/transport');
  const inCode = wordsIn(
    [...product, ...sources('server/side')],
    new RegExp(String.raw`\bcode:${STRINGS}`, 'g'),
    new RegExp(String.raw`type \w*Code =${STRINGS}`, 'g'),
    /^ {2}(?!status:)([a-z_]+): [45]\d\d,$/gm,
    new RegExp(String.raw`\brefused\(${STRINGS}`, 'g'),
  );
  const onPage = [...rowsOf('Codes of HTTP answers'), ...rowsOf('Codes in frames')];
  expect(inCode.length).toBeGreaterThan(40);
  expect(compared(onPage, inCode)).toEqual(AGREES);
});

test('docs/errors.md has every name of an ending, and no other', () => {
  expect(compared(rowsOf('Ends of sessions'), Object.keys(closeOutcomes))).toEqual(AGREES);
});

test('docs/errors.md has every code of a task beside those of its calls, and no other', () => {
  const inCode = wordsIn(sources('server/side/tasks'), /error: [^'`\n]*['`]([a-z_]+): /g);
  const shared = rowsOf('Codes of HTTP answers');
  expect(
    compared(
      rowsOf('Errors of tasks'),
      inCode.filter((code) => !shared.includes(code)),
    ),
  ).toEqual(AGREES);
});

test('docs/errors.md has the exit codes of the command', () => {
  expect(rowsOf('Exit codes')).toEqual(['0', '1', '2']);
});

test('docs/errors.md has an anchor for each code, under its own name', () => {
  const codes = ['Codes of HTTP answers', 'Codes in frames', 'Ends of sessions', 'Errors of tasks'].flatMap(rowsOf);
  const anchors = anchorsOf(page);
  expect(codes.filter((code) => !anchors.includes(code))).toEqual([]);
  expect(anchors.length).toBe(new Set(anchors).size);
});

test('an answer points at its code in docs/errors.md, whatever its shape', () => {
  const refusal = { status: 401, code: 'invalid_key', message: 'not a key of this gateway' } as const;
  for (const path of [...knownPaths, '/v1/nowhere', '/v1/tasks', '/v1/models'])
    expect(String(refuse(requestOf(path), refusal).body)).toContain('docs/errors.md#invalid_key');
});
