// Latency histograms in nanoseconds, three significant digits, up to ten minutes; the percentiles that every table shows.

import * as hdr from 'hdr-histogram-js';

export type Histogram = hdr.Histogram;

const HIGHEST_NS = 600e9;

/** Records whole nanoseconds, with `record`. */
export function createHistogram(): Histogram {
  return hdr.build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: HIGHEST_NS,
    numberOfSignificantValueDigits: 3,
    bitBucketSize: 64,
    useWebAssembly: false,
  });
}

/** Records a time. A value that is no time (negative, or beyond the range) counts as the nearest end of the range. */
export function recordNs(histogram: Histogram, ns: number): void {
  histogram.recordValue(Math.min(Math.max(Math.round(ns), 1), HIGHEST_NS));
}

export const encodeHistogram = (histogram: Histogram): string => hdr.encodeIntoCompressedBase64(histogram);

export const decodeHistogram = (base64: string): Histogram => hdr.decodeFromCompressedBase64(base64, 64, false);

/** All in one; they keep what they had. */
export function mergeHistograms(parts: readonly (Histogram | string)[]): Histogram {
  const all = createHistogram();
  for (const part of parts) all.add(typeof part === 'string' ? decodeHistogram(part) : part);
  return all;
}

/** Milliseconds; NaN of an empty histogram. */
export interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  readonly count: number;
}

/** `lessMs` is taken off each. */
export function percentilesMs(histogram: Histogram | string, lessMs = 0): Percentiles {
  const from = typeof histogram === 'string' ? decodeHistogram(histogram) : histogram;
  const count = from.totalCount;
  const ms = (ns: number) => (count > 0 ? ns / 1e6 - lessMs : Number.NaN);
  const at = (percent: number) => ms(from.getValueAtPercentile(percent));
  return { p50: at(50), p90: at(90), p99: at(99), p999: at(99.9), max: ms(from.maxValue), count };
}

/** The text that HdrHistogram plotters read, in milliseconds. */
export const hgrmText = (histogram: Histogram): string => histogram.outputPercentileDistribution(5, 1e6);

/** Steps of a percentile plot, 1 / (1 - q), from the median to p99.9. */
export const QUANTILE_STEPS = Array.from({ length: 40 }, (_, index) => 2 * 500 ** (index / 39));
