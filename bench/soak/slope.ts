// The slope of a figure over time, with what is known of it: a line through the means of its minutes.

import type { Estimate } from '../figures/statistics.ts';

/** `at`: ms. */
interface Point {
  readonly at: number;
  readonly value: number;
}

const [MINUTE_MS, HOUR_MS] = [60_000, 3_600_000];
/** 97.5 % quantiles of Student's t by degrees of freedom; beyond the table it is that of the normal distribution, or a little more. */
const T = [
  12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.2, 2.18, 2.16, 2.14, 2.13, 2.12, 2.11, 2.1, 2.09, 2.09,
];
const T_OF_MANY = 2.05;

/**
 * Change in an hour, least squares, with its 95 % interval. Neighbouring samples are alike, which would make the interval too narrow: so the mean of each
 * minute is one value. Undefined for less than three minutes.
 */
export function slopePerHour(points: readonly Point[]): Estimate | undefined {
  const minutes = Map.groupBy(points, ({ at }) => Math.floor(at / MINUTE_MS));
  const means = [...minutes.values()].map((of) => ({
    hours: mean(of.map(({ at }) => at)) / HOUR_MS,
    value: mean(of.map(({ value }) => value)),
  }));
  if (means.length < 3) return undefined;
  const [x, y] = [mean(means.map(({ hours }) => hours)), mean(means.map(({ value }) => value))];
  const spread = sum(means.map(({ hours }) => (hours - x) ** 2));
  const slope = sum(means.map(({ hours, value }) => (hours - x) * (value - y))) / spread;
  const residual = sum(means.map(({ hours, value }) => (value - y - slope * (hours - x)) ** 2));
  const freedom = means.length - 2;
  const margin = (T[freedom - 1] ?? T_OF_MANY) * Math.sqrt(residual / freedom / spread);
  return { value: slope, interval: [slope - margin, slope + margin] };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;
