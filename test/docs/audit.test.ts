// Compares the audit with what it names: each line has a proof, and each proof is a test or a command that there is.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { expect, test } from 'vitest';
import { benches } from '../../bench/benches/index.ts';
import { SIDE_OPTIONS, sideCommand } from '../../server/cli/commands/commands.ts';
import { guide, root } from '../support/pages.ts';

const { text } = guide('docs/audit.md');

/** Rows of the tables of a section, without their heads. */
const rowsOf = (title: string) =>
  (text.split(/^## /m).find((section) => section.startsWith(`${title}\n`)) ?? '')
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(2)
    .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '').trim()));

const audited = [...rowsOf('The sentence'), ...rowsOf('The factors of the routed path')];
const proofs = audited.map(([, , cell = '']) => cell);
const named = proofs.flatMap((cell) => [...cell.matchAll(/`(test\/\S+)`: "([^"]+)"/g)]);
const commands = proofs.flatMap((cell) =>
  [...cell.matchAll(/`((?:npm|trunkline) [^`]+)`/g)].map(([, line = '']) => line),
);

test('every part of the sentence, in both paths, and every factor has a line', () => {
  const logged = ['model choice', 'prompt class', 'cost', 'output quality'].flatMap((part) =>
    ['routed', 'direct'].map((path) => `${part} logged, ${path} path`),
  );
  expect(rowsOf('The sentence').map(([part]) => part)).toEqual([
    ...['commodity work through a governed gateway', 'exploratory work through a governed gateway'],
    ...['realtime flows direct', 'regulated flows direct', ...logged, 'both paths seen by an operator'],
  ]);
  const factors = rowsOf('The factors of the routed path').map(([part]) => part);
  expect([...new Set(factors)]).toEqual(['coverage', 'fallback', 'governance', 'cost', 'lock-in']);
});

test('every line has a proof, and nothing that looks like one is anything else', () => {
  const wordsOf = (cell: string) => cell.replaceAll(/`test\/\S+`: "[^"]+"|`(?:npm|trunkline) [^`]+`/g, 'proof');
  for (const cell of proofs) expect(wordsOf(cell)).toMatch(/^proof(; proof)*$/);
  expect(named.length).toBeGreaterThan(30);
});

test.each(named.map(([, file = '', name = '']) => ({ file, name })))('$file has the test "$name"', ({ file, name }) => {
  expect(existsSync(join(root, file))).toBe(true);
  const names = [...readFileSync(join(root, file), 'utf8').matchAll(/\btest(?:\.\w+\(.*\))?\(\s*(['"`])(.*?)\1,/g)];
  expect(names.map(([, , found]) => found)).toContain(name);
});

test('a suite that is no file of tests is one that they share', () => {
  const shared = named.map(([, file = '']) => file).filter((file) => !file.endsWith('.test.ts'));
  expect(shared.filter((file) => !file.startsWith('test/server/side/store/on-both/'))).toEqual([]);
});

test.each(commands)('the command is there: %s', (line) => {
  const words = line.split(' ');
  if (words[0] === 'npm') {
    expect(line).toMatch(/^npm run bench -- [\w-]+$/);
    expect(benches.map(({ name }) => name)).toContain(words.at(-1));
    return;
  }
  const { values, positionals } = parseArgs({ args: words.slice(1), options: SIDE_OPTIONS, allowPositionals: true });
  expect(sideCommand(positionals, values)).toBeTypeOf('function');
});
