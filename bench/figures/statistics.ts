// The statistics of the report: medians, spreads, paired differences, and a bootstrap that gives the same answer each time.

/** A value with its 95 % confidence interval. */
export interface Estimate {
  readonly value: number;
  readonly interval: readonly [low: number, high: number];
}

const RESAMPLES = 2000;

/** Linear between the two nearest ranks (the common "type 7"). `at` is from 0 to 1. NaN for no values. */
export function quantile(values: readonly number[], at: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const rank = at * (sorted.length - 1);
  const low = sorted[Math.floor(rank)] as number;
  const high = sorted[Math.ceil(rank)] as number;
  return low + (high - low) * (rank - Math.floor(rank));
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** First and third quartile. */
export const spread = (values: readonly number[]): [number, number] => [quantile(values, 0.25), quantile(values, 0.75)];

/** Differences a - b, round by round; a round that one of them lacks is left out. */
export function pairedDifferences(a: readonly (number | undefined)[], b: readonly (number | undefined)[]): number[] {
  return pairs(a, b).map(([x, y]) => x - y);
}

/** Ratios a / b, round by round; a round that one of them lacks is left out. */
export function pairedRatios(a: readonly (number | undefined)[], b: readonly (number | undefined)[]): number[] {
  return pairs(a, b).map(([x, y]) => x / y);
}

function pairs(a: readonly (number | undefined)[], b: readonly (number | undefined)[]): [number, number][] {
  return a.flatMap((x, round): [number, number][] => {
    const y = b[round];
    return x === undefined || y === undefined ? [] : [[x, y]];
  });
}

/** The median, with a percentile bootstrap over the values. */
export function estimateMedian(values: readonly number[], seed: number): Estimate {
  return bootstrap(values, median, seed);
}

/**
 * `statistic` of the items, with the 2.5 % and 97.5 % quantiles of it over resamples of the items (with replacement).
 * Items are whole rounds where several values of a round belong together.
 */
export function bootstrap<T>(items: readonly T[], statistic: (sample: readonly T[]) => number, seed: number): Estimate {
  if (items.length === 0) return { value: Number.NaN, interval: [Number.NaN, Number.NaN] };
  const random = randomFrom(seed);
  const draw = () => items[Math.floor(random() * items.length)] as T;
  const resampled = Array.from({ length: RESAMPLES }, () => statistic(items.map(draw))).filter(Number.isFinite);
  return { value: statistic(items), interval: [quantile(resampled, 0.025), quantile(resampled, 0.975)] };
}

/** The relative change of medians from `before` to `after` (0.1: 10 % more), resampling both sides on their own. */
export function estimateChange(before: readonly number[], after: readonly number[], seed: number): Estimate {
  const random = randomFrom(seed);
  const resample = (values: readonly number[]) =>
    values.map(() => values[Math.floor(random() * values.length)] as number);
  const change = (a: readonly number[], b: readonly number[]) => (median(b) - median(a)) / Math.abs(median(a));
  const resampled = Array.from({ length: RESAMPLES }, () => change(resample(before), resample(after)));
  const finite = resampled.filter(Number.isFinite);
  return { value: change(before, after), interval: [quantile(finite, 0.025), quantile(finite, 0.975)] };
}

/** Numbers from 0 to 1, the same ones for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
