// Two results side by side: what changed, how sure that is, and whether it is a regression of ours.

import { alignedText, digits, percent } from './format.ts';
import type { Figure, Measure, Results } from './results.ts';
import { estimateChange, median } from './statistics.ts';

const SEED = 1;
const SUBJECT = 'trunkline';
/** Fewest rounds on a side: with fewer, chance alone separates the two too often. */
const FEWEST_ROUNDS = 4;

interface CompareOptions {
  /** 0.05: worse by more than 5 %, with an interval that does not hold 0, is a regression. */
  readonly maxRegression: number | undefined;
  /** Beginnings of the measures' ids. */
  readonly only: readonly string[] | undefined;
}

/** Measures that both have. A change whose interval holds 0 is noise; that of another contender is never our regression. */
export function compareResults(
  before: Results,
  after: Results,
  { maxRegression, only }: CompareOptions,
): { readonly text: string; readonly hasRegression: boolean } {
  const old = new Map(measuresOf(before).map((measure) => [measure.id, measure]));
  const others = Object.keys(after.manifest.contenders).filter((name) => name !== SUBJECT);
  const rows: string[][] = [['measure', 'before', 'after', 'unit', 'change', '95 %', '']];
  let hasRegression = false;
  for (const measure of measuresOf(after)) {
    const was = old.get(measure.id);
    const isAsked = only === undefined || only.some((prefix) => measure.id.startsWith(prefix));
    if (!isAsked || was === undefined || was.rounds.length === 0 || measure.rounds.length === 0) continue;
    const isOurs = !others.some((name) => measure.id.endsWith(`.${name}`));
    const { row, isRegression } = compareMeasure(was, measure, isOurs ? maxRegression : undefined);
    rows.push(row);
    hasRegression ||= isRegression;
  }
  const text = `${differences(before, after)}${alignedText(rows)}\n${figuresBeside(before.figures, after.figures)}`;
  return { text, hasRegression };
}

const measuresOf = (results: Results): Measure[] => results.benches.flatMap((bench) => bench.measures);

function compareMeasure(was: Measure, is: Measure, maxRegression: number | undefined) {
  const { value, interval } = estimateChange(was.rounds, is.rounds, SEED);
  const [low, high] = interval;
  const isEnough = Math.min(was.rounds.length, is.rounds.length) >= FEWEST_ROUNDS;
  const isSure = isEnough && (low > 0 || high < 0);
  const isWorse = is.better === 'lower' ? value > 0 : value < 0;
  const isRegression = maxRegression !== undefined && isSure && isWorse && Math.abs(value) > maxRegression;
  const change = isWorse ? 'worse' : 'better';
  const verdict = isRegression ? 'REGRESSION' : isSure ? change : isEnough ? 'noise' : 'too few rounds';
  const medians = [median(was.rounds), median(is.rounds)].map(digits);
  const row = [is.id, ...medians, is.unit, percent(value), `${percent(low)} .. ${percent(high)}`, verdict];
  return { row, isRegression };
}

/** Two runs of the same commit should have intervals that overlap. */
function figuresBeside(before: readonly Figure[], after: readonly Figure[]): string {
  const rows = after.flatMap((figure) => {
    const was = before.find(({ id }) => id === figure.id);
    const [a, b] = [was?.interval, figure.interval];
    if (!a || !b) return [];
    const overlaps = a[0] <= b[1] && b[0] <= a[1];
    const intervals = [a, b].map(([low, high]) => `${digits(low)} .. ${digits(high)}`);
    return [[figure.id, digits(was?.value), digits(figure.value), ...intervals, overlaps ? 'overlap' : 'APART']];
  });
  const head = ['figure', 'before', 'after', '95 % before', '95 % after', 'intervals'];
  return rows.length > 0 ? `\n${alignedText([head, ...rows])}\n` : '';
}

/** Notes on what makes a comparison doubtful. */
function differences({ manifest: a }: Results, { manifest: b }: Results): string {
  const lines = [
    a.machine.cpu !== b.machine.cpu || a.machine.cores !== b.machine.cores ? 'not the same machine' : '',
    a.node !== b.node ? `Node ${a.node} and ${b.node}` : '',
    JSON.stringify(a.settings) !== JSON.stringify(b.settings) ? 'not the same settings' : '',
  ].filter((line) => line !== '');
  return lines.map((line) => `note: ${line}\n`).join('');
}
