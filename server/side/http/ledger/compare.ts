// Says whether two targets, models, classes or paths differ: the means of their ledger rows, with the 95 % interval of the difference by Welch's
// method (unequal variances, Welch-Satterthwaite degrees of freedom). Rule: where the interval holds zero, or rows are too few, it cannot be told.

import { type HttpProblem, invalidRequest, shortened } from '../../../http/problem.ts';
import type { MeasureMoments, ReportField } from '../../../ipc/stored-rows.ts';
import type { ReportSpan, Store } from '../../store/contract/store.ts';

const COMPARED_FIELDS = ['target', 'model', 'class', 'path', 'gateway', 'kind'] as const satisfies ReportField[];
/** Rows of each that a mean needs: with fewer the interval says little of means that are no normal ones. */
const LEAST_ROWS = 10;
const NORMAL_95 = 1.959964;

interface Interval {
  readonly difference: number;
  readonly low: number;
  readonly high: number;
}

/** The difference of the means of b and a. undefined: too few rows. */
export function differenceOf(a: MeasureMoments, b: MeasureMoments): Interval | undefined {
  if (Math.min(a.rows, b.rows) < LEAST_ROWS) return undefined;
  const [errorA, errorB] = [a.variance / a.rows, b.variance / b.rows];
  const error = errorA + errorB;
  const freedom = error === 0 ? a.rows : error ** 2 / (errorA ** 2 / (a.rows - 1) + errorB ** 2 / (b.rows - 1));
  const difference = b.mean - a.mean;
  const margin = studentQuantile(freedom) * Math.sqrt(error);
  return { difference, low: difference - margin, high: difference + margin };
}

/** The 97.5 % quantile of Student's t, by its expansion about the normal one (Abramowitz and Stegun, 26.7.5): to 0.01 % from nine degrees on. */
function studentQuantile(freedom: number): number {
  const z = NORMAL_95;
  return (
    z +
    (z ** 3 + z) / (4 * freedom) +
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * freedom ** 2) +
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * freedom ** 3)
  );
}

interface Asked {
  readonly compare: string;
  readonly by: string | undefined;
  readonly span: ReportSpan;
}

/** Compares by `target`, where no other field is asked for. */
export async function comparison(store: Store, { compare, by = 'target', span }: Asked): Promise<object | HttpProblem> {
  const values = compare.split(',').map((value) => value.trim());
  const [a, b] = values;
  if (a === undefined || b === undefined || values.length > 2 || a === '' || b === '' || a === b)
    return invalidRequest('expected two different values with a comma between', 'compare');
  const field = COMPARED_FIELDS.find((name) => name === by);
  if (field === undefined)
    return invalidRequest(`expected one of ${COMPARED_FIELDS.join(', ')} to compare by, got "${shortened(by)}"`, 'by');
  const moments = await store.moments(field, [a, b], span);
  const { [a]: ofA = {}, [b]: ofB = {} } = moments;
  const absent = [a, b].find((value) => moments[value] === undefined);
  const untold =
    absent === undefined ? `fewer than ${LEAST_ROWS} rows` : `no row has the ${field} ${shortened(absent)}`;
  const measures = ['score', 'feedback', 'costMicroUsd', 'latencyMs', 'ok'].map((measure) => {
    const [left = NOTHING, right = NOTHING] = [ofA[measure], ofB[measure]];
    const interval = differenceOf(left, right);
    return { measure, a: shown(left), b: shown(right), ...interval, verdict: verdictOf(interval, untold) };
  });
  return { by: field, a, b, measures };
}

const NOTHING: MeasureMoments = { rows: 0, mean: 0, variance: 0 };

const shown = ({ rows, mean }: MeasureMoments) => ({ rows, ...(rows > 0 && { mean }) });

function verdictOf(interval: Interval | undefined, untold: string): string {
  if (interval === undefined) return `cannot be told: ${untold}`;
  const { low, high } = interval;
  if (low <= 0 && high >= 0) return low === high ? 'the same' : 'cannot be told: the interval holds zero';
  return low > 0 ? 'b is higher' : 'a is higher';
}
