// The tables and measures of streamed text from rounds whose answers are known.

import { expect, test } from 'vitest';
import type { TextRun } from '../../../../bench/benches/text/data.ts';
import { describeText } from '../../../../bench/benches/text/report.ts';
import { createHistogram, encodeHistogram, percentilesMs, recordNs } from '../../../../bench/figures/histogram.ts';

function histogram(...values: number[]): string {
  const made = createHistogram();
  for (const ms of values) recordNs(made, ms * 1e6);
  return encodeHistogram(made);
}

function run(ttft: number, gap: number, others: Partial<TextRun> = {}): TextRun {
  const gaps = histogram(...Array.from({ length: 30 }, () => gap));
  const firsts = histogram(ttft);
  return {
    firsts,
    gaps,
    ttftMs: percentilesMs(firsts),
    gapMs: percentilesMs(gaps),
    cpuUsPerToken: 40,
    latenessMs: percentilesMs(histogram(0.01)),
    invalid: undefined,
    ...others,
  };
}

/** Adds to a base that drifts from round to round. */
const rounds = (added: number, others: Partial<TextRun> = {}) =>
  [1, 5, 2].map((base) => new Map([[1, run(base + added, 10 + added, others)]]));
const answer = { thinkMs: 30, tokens: 31, gapMs: 10, tokenBytes: 280 };
const usual = {
  direct: rounds(0),
  trunkline: rounds(0.5),
  haproxy: rounds(0.05),
  'direct-again': rounds(0.1),
};
const described = (data: Record<string, (ReadonlyMap<number, TextRun> | undefined)[]>) =>
  describeText(new Map(Object.entries(data)), answer, 1);

test('times added to the first token and to the gaps are paired, so drift does not count', () => {
  const { measures, tables } = described(usual);
  const of = (id: string) => measures.find((measure) => measure.id === id)?.rounds ?? [];
  for (const added of of('text.added_ttft_ms.1.trunkline')) expect(added).toBeCloseTo(0.5, 1);
  for (const added of of('text.added_gap_p99_ms.1.trunkline')) expect(added).toBeCloseTo(0.5, 1);
  expect(of('text.added_ttft_ms.1.trunkline')).toHaveLength(3);
  expect(of('text.ttft_ms.1.direct')).toHaveLength(3);
  const row = (name: string) => tables[1]?.rows.find(([first]) => first === name);
  expect(row('trunkline')?.[1]).not.toContain('noise');
  expect(row('haproxy')?.[1]).toContain('(noise)');
});

test('a p99 of few answers is not reported', () => {
  const { measures } = described(usual);
  expect(measures.map(({ id }) => id).filter((id) => id.includes('ttft_p99'))).toEqual([]);
  expect(measures.map(({ id }) => id)).toContain('text.gap_p99_ms.1.trunkline');
});

test('rounds that are invalid or failed are left out and noted', () => {
  const [first] = rounds(0.5, { invalid: 'the questions were late' });
  const [third] = rounds(0.5);
  const { measures, notes } = described({ ...usual, trunkline: [first, undefined, third] });
  expect(measures.find(({ id }) => id === 'text.added_ttft_ms.1.trunkline')?.rounds).toHaveLength(1);
  expect(notes).toEqual(['text, 1 session, trunkline: 1 invalid and left out (the questions were late); 1 failed']);
});
