// What the README says about performance is what the committed report says.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { resultsSchema } from '../../../bench/figures/results.ts';

const root = join(import.meta.dirname, '../../..');
const [, section = ''] = readFileSync(join(root, 'README.md'), 'utf8').split('## What the hop costs');
const performance = section.split('\n## ')[0] ?? '';
const folder = /bench\/results\/([\w-]+)\/report\.md/.exec(performance)?.[1] ?? 'none';
const report = (name: string): string => readFileSync(join(root, 'bench/results', folder, name), 'utf8');

/** The cells of a table's line, without the padding that a formatter adds. */
const cells = (line: string): string =>
  line
    .split('|')
    .map((cell) => cell.trim())
    .join('|');
const tableLines = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => /^\|(?!\s*:?-)/.test(line))
    .map(cells);

test('every line of its tables is one of the report', () => {
  const known = new Set(tableLines(report('report.md')));
  const quoted = tableLines(performance);
  expect(quoted.length).toBeGreaterThan(10);
  expect(quoted.filter((line) => !known.has(line))).toEqual([]);
});

test('every figure of the report is in it, met or not', () => {
  const { figures } = resultsSchema.parse(JSON.parse(report('results.json')));
  for (const { id } of figures) expect(performance).toContain(id);
});

test('the command that repeats it is the one of the report', () => {
  const { manifest } = resultsSchema.parse(JSON.parse(report('results.json')));
  expect(performance).toContain(manifest.command);
  expect(existsSync(join(root, 'bench/results', folder, 'report.html'))).toBe(true);
});
