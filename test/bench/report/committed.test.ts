// Compares the README and the pages about performance with the committed report: what they say is what was measured.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { resultsSchema } from '../../../bench/figures/results.ts';
import { outlookOf } from '../../../bench/report/outlook.ts';
import { committedReport, publishedTexts } from '../../../bench/report/publish.ts';

const root = join(import.meta.dirname, '../../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const name = committedReport(read('docs/benchmarks.md')) ?? 'none';
const results = resultsSchema.parse(JSON.parse(read(`bench/results/${name}/results.json`)));
const texts = publishedTexts(results, name, read);

test.each(['README.md', 'docs/benchmarks.md', 'docs/capacity.md'])('%s says what the committed report says', (path) => {
  expect(texts.get(path)).toBe(read(path));
});

test('docs/scale.md says what the committed report of the simulation says', () => {
  const page = read('docs/scale.md');
  const report = committedReport(page) ?? 'none';
  const simulated = resultsSchema.parse(JSON.parse(read(`bench/results/${report}/results.json`)));
  expect(publishedTexts(simulated, report, read).get('docs/scale.md')).toBe(page);
});

test('docs/benchmarks.md has every figure of the report, and the command that repeats it', () => {
  const page = read('docs/benchmarks.md');
  for (const { id } of results.figures) expect(page).toContain(`| ${id} `);
  expect(page).toContain(results.manifest.command);
});

test('the README and the page about benchmarks quote the same latency', () => {
  const [, through, without, more] =
    /takes (\S+) ms .*? and\s(\S+) ms without it: (\S+) ms more/s.exec(read('README.md')) ?? [];
  const [, table = ''] = read('docs/benchmarks.md').split(/\n100 sessions, client audio.*\n/);
  expect(table).toMatch(new RegExp(`^\\| direct +\\| +${without} `, 'm'));
  expect(table).toMatch(new RegExp(`^\\| trunkline +\\| +${through} `, 'm'));
  expect(Number(more)).toBeCloseTo(Number(through) - Number(without), 3);
});

test('the committed results hold no raw histograms', () => {
  expect(results.benches.map(({ histograms }) => histograms)).toEqual(results.benches.map(() => ({})));
});

test('every goal that is not met says what stands in the way, and every one that is not judged says why', () => {
  const unmet = results.figures.filter(({ met }) => met === false);
  expect(unmet.filter((figure) => outlookOf(figure) === undefined)).toEqual([]);
  expect(results.figures.filter(({ met, reason }) => met === null && !reason)).toEqual([]);
});
