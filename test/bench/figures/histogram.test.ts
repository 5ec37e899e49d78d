// The histograms against known distributions.

import { expect, test } from 'vitest';
import {
  createHistogram,
  decodeHistogram,
  encodeHistogram,
  hgrmText,
  mergeHistograms,
  percentilesMs,
  recordNs,
} from '../../../bench/figures/histogram.ts';

/** 1 ms, 2 ms, ... 1,000 ms. */
function ramp() {
  const histogram = createHistogram();
  for (let ms = 1; ms <= 1000; ms += 1) recordNs(histogram, ms * 1e6);
  return histogram;
}

/** Three significant digits. */
const about = (value: number) => ({ low: value * 0.999, high: value * 1.001 });

test('percentiles of a ramp are where they belong', () => {
  const percentiles = percentilesMs(ramp());
  for (const [found, known] of [
    [percentiles.p50, 500],
    [percentiles.p90, 900],
    [percentiles.p99, 990],
    [percentiles.p999, 999],
    [percentiles.max, 1000],
  ] as const) {
    expect(found).toBeGreaterThanOrEqual(about(known).low);
    expect(found).toBeLessThanOrEqual(about(known).high);
  }
  expect(percentiles.count).toBe(1000);
});

test('a histogram survives being sent as text', () => {
  const { max, ...copy } = percentilesMs(decodeHistogram(encodeHistogram(ramp())));
  expect(percentilesMs(ramp())).toMatchObject(copy);
  expect(max).toBeLessThanOrEqual(about(1000).high);
});

test('merged histograms count what all of them counted', () => {
  const slow = createHistogram();
  for (let index = 0; index < 1000; index += 1) recordNs(slow, 5e9);
  const merged = percentilesMs(mergeHistograms([ramp(), encodeHistogram(slow)]));
  expect(merged.count).toBe(2000);
  expect(merged.p99).toBeGreaterThan(4990);
  expect(merged.p50).toBeLessThanOrEqual(1001);
});

test('a value out of range counts at the end of the range', () => {
  const histogram = createHistogram();
  recordNs(histogram, -5);
  recordNs(histogram, 1e15);
  expect(histogram.totalCount).toBe(2);
});

test('the text for plotters ends in the maximum, in milliseconds', () => {
  const text = hgrmText(ramp());
  expect(text).toMatch(/^\s+Value\s+Percentile\s+TotalCount/);
  expect(text).toMatch(/#\[Max +=\s+100\d\.\d+, Total count\s+=\s+1000\]/);
});
