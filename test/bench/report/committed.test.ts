// Compares docs/benchmarks.md with the committed report: what it says about performance is what was measured.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { resultsSchema } from '../../../bench/figures/results.ts';

const root = join(import.meta.dirname, '../../..');
const [, section = ''] = readFileSync(join(root, 'docs/benchmarks.md'), 'utf8').split('## What the hop costs');
const performance = section.split('\n## ')[0] ?? '';
const folder = /bench\/results\/([\w-]+)\/report\.md/.exec(performance)?.[1] ?? 'none';
const report = (name: string): string => readFileSync(join(root, 'bench/results', folder, name), 'utf8');

/** Cells of a table's line, without the padding that a formatter adds. */
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

test('every line of the tables in docs/benchmarks.md is a line of the report', () => {
  const known = new Set(tableLines(report('report.md')));
  const quoted = tableLines(performance);
  expect(quoted.length).toBeGreaterThan(10);
  expect(quoted.filter((line) => !known.has(line))).toEqual([]);
});

test('docs/benchmarks.md names every figure of the report, met or not', () => {
  const { figures } = resultsSchema.parse(JSON.parse(report('results.json')));
  for (const { id } of figures) expect(performance).toContain(id);
});

test('docs/benchmarks.md names the command that repeats the report', () => {
  const { manifest } = resultsSchema.parse(JSON.parse(report('results.json')));
  expect(performance).toContain(manifest.command);
});
