// A report that is made the committed one: its files, and the pages that quote it.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { judge, type Measure } from '../../../bench/figures/results.ts';
import { publish } from '../../../bench/report/publish.ts';
import { results } from '../support/results.ts';

const root = mkdtempSync(join(tmpdir(), 'trunkline-publish-'));
afterAll(() => rmSync(root, { recursive: true }));

const marked = (text: string) =>
  `before\n\n<!-- from the committed report: npm run bench -- report FILE --publish -->\n\n${text}\n<!-- end of what is from the report -->\n\nafter\n`;
const write = (path: string, text: string) => {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), text);
};
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const pages = () => {
  write('README.md', 'A frame takes 9 ms at the median through Trunkline and 8 ms without it: 1 ms more, with');
  write('docs/benchmarks.md', marked('[it](../bench/results/old/report.md)\n'));
  write('docs/capacity.md', marked('nothing\n'));
  write('bench/results/old/report.md', 'old');
};

const measure = (id: string, rounds: number[]): Measure => ({ id, unit: 'ms', better: 'lower', rounds, paired: false });
const p50 = (name: string) => `hop.p50_ms.100.up-2600-40ms.${name}`;
const given = results(
  [
    measure(p50('trunkline'), [0.2, 0.3, 0.25]),
    measure(p50('direct'), [0.15]),
    measure('capacity.sessions_per_core.40ms.trunkline', [800, 900, 1000]),
    measure('side_hop.cpu_us.whole.trunkline', [500]),
  ],
  {
    figures: [judge({ id: 'hop.cpu_per_frame.2600.vs_haproxy', unit: 'ratio', below: 1 }, 2)],
    histograms: { 'hop-1': 'raw' },
  },
);

test('the pages and the files are those of the new report, without raw histograms, and the old report is gone', () => {
  pages();
  expect(publish(given, 'new', root)).toEqual([
    'bench/results/new/results.json',
    'bench/results/new/report.md',
    ...['docs/benchmarks.md', 'docs/capacity.md', 'README.md'],
  ]);
  expect(JSON.parse(read('bench/results/new/results.json')).benches[0].histograms).toEqual({});
  expect(existsSync(join(root, 'bench/results/old'))).toBe(false);
  expect(read('README.md')).toContain(
    'takes 0.25 ms at the median through Trunkline and 0.15 ms without it: 0.1 ms more',
  );
  const page = read('docs/benchmarks.md');
  expect(page).toMatch(/^before\n[\s\S]*\nafter\n$/);
  expect(page).toContain('](../bench/results/new/report.md)');
  expect(page).toContain('- `hop.cpu_per_frame.2600.vs_haproxy`: ');
  const rows = read('docs/capacity.md')
    .split('\n')
    .map((line) => line.replace(/ +/g, ' '));
  expect(rows).toContain('| sessions of one core, 40 ms audio | 900 | 800 .. 1000 |');
  expect(rows).toContain('| chat completions a second of one core | 2000 | 2000 .. 2000 |');
});

test('a report that is published again changes nothing', () => {
  const before = read('docs/benchmarks.md');
  publish(given, 'new', root);
  expect(read('docs/benchmarks.md')).toBe(before);
});

test('a page without its marks is an error, and nothing is written', () => {
  pages();
  write('docs/capacity.md', 'no marks');
  expect(() => publish(given, 'new', root)).toThrow('docs/capacity.md has lost the marks');
  expect(existsSync(join(root, 'bench/results/old/report.md'))).toBe(true);
});

test('the report of the simulation has a page of its own, and leaves the others alone', () => {
  pages();
  write('docs/scale.md', marked('[it](../bench/results/older/report.md)\n'));
  write('bench/results/older/report.md', 'older');
  const table = { title: 'the plan', columns: ['', '10,000'], rows: [['machines', 18]] };
  const simulated = results([], { name: 'scale', tables: [table], notes: ['One.', 'It is from a report.'] });
  expect(publish(simulated, 'sim', root)).toEqual([
    ...['bench/results/sim/results.json', 'bench/results/sim/report.md', 'docs/scale.md'],
  ]);
  const page = read('docs/scale.md');
  expect(page).toContain('[The report](../bench/results/sim/report.md) of `npm run bench`. It is from a report.\n');
  expect(page).toContain('**the plan**\n\n|          | 10,000 |\n| -------- | -----: |\n| machines |     18 |\n');
  expect(existsSync(join(root, 'bench/results/older'))).toBe(false);
  expect(read('bench/results/old/report.md')).toBe('old');
});
