// results.json: its schema and the few rules that every figure follows. A figure that cannot be judged has `met: null`.

import { z } from 'zod';
import { bootstrap, type Estimate, estimateMedian, type Pair, ratioOfMedians } from './statistics.ts';

const interval = z.tuple([z.number(), z.number()]);

const figureSchema = z.strictObject({
  id: z.string(),
  value: z.number().nullable(),
  unit: z.string().describe("'ratio', 'ms', 'us', 'KiB', ..."),
  goal: z.string().describe('such as <= 1.2'),
  met: z.boolean().nullable().describe('null: it could not be judged'),
  noise: z.number().nullable().describe('the same figure of direct against direct, in its unit; null: it has none'),
  interval: interval.nullable().describe('95 % bootstrap confidence interval of the value'),
  reason: z.string().nullable().describe('why it was not judged, or what bounds it'),
});
/** One of the figures that the project set itself as a goal. */
export type Figure = Readonly<z.infer<typeof figureSchema>>;

const measureSchema = z.strictObject({
  id: z.string().describe('such as hop.up_p50_ms.100.2600.trunkline'),
  unit: z.string(),
  better: z.enum(['lower', 'higher']),
  rounds: z.array(z.number()).describe('one value for each valid round'),
  paired: z.boolean().describe('the rounds are differences to direct in the same round, or ratios within a round'),
});
/** Values of all rounds, which `compare` compares. */
export type Measure = Readonly<z.infer<typeof measureSchema>>;

const cell = z.union([z.string(), z.number(), z.null()]);
const tableSchema = z.strictObject({
  title: z.string(),
  columns: z.array(z.string()),
  rows: z.array(z.array(cell)).describe('numbers are printed with three significant digits, null as a dash'),
});
export type ReportTable = Readonly<z.infer<typeof tableSchema>>;

const plotSchema = z.strictObject({
  title: z.string(),
  x: z.strictObject({ label: z.string(), scale: z.enum(['linear', 'log', 'percentile']), values: z.array(z.number()) }),
  y: z.strictObject({ label: z.string(), scale: z.enum(['linear', 'log']) }),
  series: z.array(z.strictObject({ name: z.string(), values: z.array(z.number().nullable()) })),
});
/** Lines over a common x axis. `percentile`: x is 1 / (1 - quantile), so 100 is p99. */
export type ReportPlot = Readonly<z.infer<typeof plotSchema>>;

export const benchSchema = z.strictObject({
  name: z.string(),
  description: z.string(),
  seconds: z.number(),
  fault: z.string().nullable().describe('why it did not come to an end'),
  figures: z.array(figureSchema),
  measures: z.array(measureSchema),
  tables: z.array(tableSchema),
  plots: z.array(plotSchema),
  histograms: z.record(z.string(), z.string()).describe('in nanoseconds, HdrHistogram V2, compressed, base64'),
  notes: z.array(z.string()),
});
export type RanBench = Readonly<z.infer<typeof benchSchema>>;

const manifestSchema = z.strictObject({
  at: z.string().describe('ISO 8601'),
  command: z.string(),
  commit: z.string(),
  isClean: z.boolean().describe('the work tree had no changes'),
  lockfile: z.string().describe('SHA-256 of package-lock.json'),
  machine: z.strictObject({
    cpu: z.string(),
    cores: z.number(),
    memoryGib: z.number(),
    kernel: z.string(),
    loadAverage: z.array(z.number()).describe('1, 5 and 15 minutes, before the first bench'),
  }),
  node: z.string(),
  contenders: z.record(z.string(), z.string()).describe('name -> version, of those that took part'),
  absent: z.record(z.string(), z.string()).describe('name -> reason'),
  settings: z.record(z.string(), z.unknown()),
});
export type Manifest = Readonly<z.infer<typeof manifestSchema>>;

export const resultsSchema = z.strictObject({
  version: z.literal(1),
  manifest: manifestSchema,
  figures: z.array(figureSchema).describe('of all benches'),
  benches: z.array(benchSchema),
});
export type Results = Readonly<z.infer<typeof resultsSchema>>;

/** The JSON Schema of results.json. */
export const resultsJsonSchema = (): object => z.toJSONSchema(resultsSchema);

export interface Goal {
  readonly id: string;
  readonly unit: string;
  readonly below: number;
  /** The goal is `<`, not `<=`. */
  readonly isStrict?: boolean;
}

/** A value with its goal judged. Its interval and `noise` are reported, the value decides. One that is no number is not judged. */
export function judge(
  { id, unit, below, isStrict = false }: Goal,
  measured: number | Estimate,
  { noise = null, reason = null }: Partial<Pick<Figure, 'noise' | 'reason'>> = {},
): Figure {
  const { value, interval = null } = typeof measured === 'number' ? { value: measured } : measured;
  const goal = `${isStrict ? '<' : '<='} ${below}`;
  const figure = {
    noise: Number.isFinite(noise) ? noise : null,
    id,
    value,
    unit,
    goal,
    met: isStrict ? value < below : value <= below,
    interval,
    reason,
  };
  if (Number.isFinite(value)) return figure;
  return { ...figure, value: null, met: null, noise: null, interval: null, reason: reason ?? 'no valid measurement' };
}

/** A figure that could not be measured here. */
export const unjudged = (goal: Goal, reason: string): Figure => judge(goal, Number.NaN, { reason });

/** Judges the median of rounds, unless they are too few. */
export function judgeMedian(goal: Goal, rounds: readonly number[], seed: number): Figure {
  if (rounds.length < FEWEST_ROUNDS) return unjudged(goal, TOO_FEW);
  return judge(goal, estimateMedian(rounds, seed));
}

/** Judges the ratio of the medians, resampled by whole rounds, unless they are too few. */
export function judgeRatio(goal: Goal, rounds: readonly Pair[], seed: number): Figure {
  if (rounds.length < FEWEST_ROUNDS) return unjudged(goal, TOO_FEW);
  return judge(goal, bootstrap(rounds, ratioOfMedians, seed));
}

export const FEWEST_ROUNDS = 3;
export const TOO_FEW = 'too few valid rounds';
