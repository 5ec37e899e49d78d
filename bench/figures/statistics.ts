// The statistics of the report: medians, spreads, paired differences, and a bootstrap that gives the same answer each time.

/** A value with its 95 % confidence interval. */
export interface Estimate {
  readonly value: number;
  readonly interval: [low: number, high: number];
}

const RESAMPLES = 2000;

type Values = readonly (number | undefined)[];

/** Linear between the two nearest ranks (the common "type 7"). `at` is from 0 to 1. Leaves out undefined. NaN for no values. */
export function quantile(values: Values, at: number): number {
  const sorted = values.filter((value) => value !== undefined).sort((a, b) => a - b);
  const rank = at * (sorted.length - 1);
  const [low = Number.NaN, high = Number.NaN] = [sorted[Math.floor(rank)], sorted[Math.ceil(rank)]];
  return low + (high - low) * (rank - Math.floor(rank));
}

export const median = (values: Values): number => quantile(values, 0.5);

/** First and third quartile. */
export const spread = (values: Values): [number, number] => [quantile(values, 0.25), quantile(values, 0.75)];

/** Differences a - b, round by round; a round that one of them lacks is left out. */
export const pairedDifferences = (a: Values, b: Values): number[] => paired(a, b, (x, y) => x - y);

/** Ratios a / b, round by round; a round that one of them lacks is left out. */
export const pairedRatios = (a: Values, b: Values): number[] => paired(a, b, (x, y) => x / y);

const paired = (a: Values, b: Values, compare: (x: number, y: number) => number): number[] =>
  pairsOf(a, b).map(([x, y]) => compare(x, y));

/** Values of one round: [ours, theirs]. */
export type Pair = readonly [subject: number, floor: number];

/** The rounds that both have. */
export const pairsOf = (subject: Values, floor: Values): Pair[] =>
  subject.flatMap((value, round) => {
    const other = floor[round];
    return value === undefined || other === undefined ? [] : [[value, other] as const];
  });

export const ratioOfMedians = (pairs: readonly Pair[]): number =>
  median(pairs.map(([subject]) => subject)) / median(pairs.map(([, floor]) => floor));

/** The median, with a percentile bootstrap over the values. */
export const estimateMedian = (values: readonly number[], seed: number): Estimate => bootstrap(values, median, seed);

/**
 * `statistic` of the items, with the 2.5 % and 97.5 % quantiles of it over resamples of the items (with replacement).
 * Items are whole rounds where several values of a round belong together.
 */
export function bootstrap<T>(items: readonly T[], statistic: (sample: readonly T[]) => number, seed: number): Estimate {
  const resample = resampler(seed);
  return estimate(statistic(items), () => statistic(resample(items)));
}

/** The relative change of medians from `before` to `after` (0.1: 10 % more), resampling both sides on their own. */
export function estimateChange(before: readonly number[], after: readonly number[], seed: number): Estimate {
  const resample = resampler(seed);
  const change = (a: readonly number[], b: readonly number[]) => (median(b) - median(a)) / Math.abs(median(a));
  return estimate(change(before, after), () => change(resample(before), resample(after)));
}

function estimate(value: number, resampled: () => number): Estimate {
  const values = Array.from({ length: RESAMPLES }, resampled).filter(Number.isFinite);
  return { value, interval: [quantile(values, 0.025), quantile(values, 0.975)] };
}

function resampler(seed: number) {
  const random = randomFrom(seed);
  return <T>(items: readonly T[]): T[] => items.map(() => items[Math.floor(random() * items.length)] as T);
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
