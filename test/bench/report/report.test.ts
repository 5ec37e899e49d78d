// The files of a report: complete, valid, and in need of nothing else.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHistogram, encodeHistogram, recordNs } from '../../../bench/figures/histogram.ts';
import { judge, resultsSchema, unjudged } from '../../../bench/figures/results.ts';
import { writeReport } from '../../../bench/report/report.ts';
import { results } from '../support/results.ts';

const folder = mkdtempSync(join(tmpdir(), 'trunkline-report-'));
const read = (name: string) => readFileSync(join(folder, name), 'utf8');

beforeAll(() => {
  const histogram = createHistogram();
  recordNs(histogram, 5e6);
  const goal = { id: 'hop.some', unit: 'ratio', below: 1 };
  const given = results([], {
    figures: [
      judge(goal, { value: 0.5, interval: [0.4, 0.6] }, { noise: 0.01 }),
      judge({ ...goal, isStrict: true }, 1),
      unjudged(goal, 'no </script> nginx'),
    ],
    tables: [
      {
        title: 'a <table>',
        columns: ['', 'p50'],
        rows: [
          ['direct', 0.123456],
          ['nginx', null],
        ],
      },
    ],
    plots: [
      {
        title: '</script><b>',
        x: { label: 'percentile', scale: 'percentile', values: [2, 100] },
        y: { label: 'ms', scale: 'log' },
        series: [{ name: 'direct', values: [1, null] }],
      },
    ],
    histograms: { 'hop-1 up/direct': encodeHistogram(histogram) },
  });
  writeReport(given, folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

test('the data fits its schema and has the judged figures', () => {
  const { figures } = resultsSchema.parse(JSON.parse(read('results.json')));
  expect(figures.map(({ met, goal }) => [met, goal])).toEqual([
    [true, '<= 1'],
    [false, '< 1'],
    [null, '<= 1'],
  ]);
  expect(JSON.parse(read('results.schema.json'))).toMatchObject({
    type: 'object',
    required: expect.arrayContaining(['figures']),
  });
});

test('the text has the figures and the tables', () => {
  const text = read('report.md');
  expect(text).toContain('| hop.some | 0.5 | 0.4 .. 0.6 | ratio | <= 1 | met | 0.01 |  |');
  expect(text).toContain('| hop.some | 1 |  | ratio | < 1 | NOT MET |');
  expect(text).toContain('not judged');
  expect(text).toContain('| direct | 0.123 |');
  expect(text).toContain('| nginx | – |');
  expect(text).toContain('not measured: no nginx on PATH');
});

test('the page loads nothing, and text in it stays text', () => {
  const page = read('report.html');
  expect(page).not.toMatch(/<(script|img|iframe)[^>]*\ssrc=|<link|@import|url\(/);
  expect(page.match(/<script/g)).toHaveLength(3);
  expect(page.match(/<\/script>/g)).toHaveLength(3);
  expect(page).toContain('a &lt;table&gt;');
});

test('the plots are handed to uPlot with their data', () => {
  const scripts = [...read('report.html').matchAll(/<script([^>]*)>([\s\S]*?)<\/script>/g)].map(
    (match) => match[2] ?? '',
  );
  const drawn: unknown[][] = [];
  const place = { dataset: { plot: '0' }, clientWidth: 800 };
  const document = { getElementById: () => ({ textContent: scripts[1] }), querySelectorAll: () => [place] };
  const uPlot = function uPlot(...args: unknown[]) {
    drawn.push(args);
  };
  runInNewContext(scripts[2] ?? '', { document, uPlot });
  expect(JSON.stringify(drawn[0]?.[1])).toBe('[[2,100],[1,null]]');
  expect(drawn[0]?.[2]).toBe(place);
});

test('each histogram becomes a file with a valid name', () => {
  expect(readdirSync(join(folder, 'histograms'))).toEqual(['hop-1-up-direct.hgrm']);
  expect(read('histograms/hop-1-up-direct.hgrm')).toContain('Percentile');
});
