// Two results side by side: what changed, how sure that is, and whether it is a regression.

import { digits, percent, textTable } from './format.ts';
import type { Measure, Results } from './results.ts';
import { estimateChange, median } from './statistics.ts';

const SEED = 1;

export interface CompareOptions {
  /** 0.05: worse by more than 5 %, with an interval that does not hold 0, is a regression. */
  readonly maxRegression: number | undefined;
  /** Beginnings of the measures' ids. */
  readonly only: readonly string[] | undefined;
}

/** Measures that both have. A change whose interval holds 0 is noise. */
export function compareResults(
  before: Results,
  after: Results,
  { maxRegression, only }: CompareOptions,
): { readonly text: string; readonly hasRegression: boolean } {
  const old = new Map(measuresOf(before).map((one) => [one.id, one]));
  const isAsked = ({ id }: Measure) => only === undefined || only.some((prefix) => id.startsWith(prefix));
  const rows: string[][] = [['measure', 'before', 'after', 'unit', 'change', '95 %', '']];
  let hasRegression = false;
  for (const measure of measuresOf(after).filter(isAsked)) {
    const was = old.get(measure.id);
    if (was === undefined || was.rounds.length === 0 || measure.rounds.length === 0) continue;
    const { value, interval } = estimateChange(was.rounds, measure.rounds, SEED);
    const [low, high] = interval;
    const isSure = low > 0 || high < 0;
    const isWorse = measure.better === 'lower' ? value > 0 : value < 0;
    const isRegression = maxRegression !== undefined && isSure && isWorse && Math.abs(value) > maxRegression;
    hasRegression ||= isRegression;
    const verdict = isRegression ? 'REGRESSION' : !isSure ? 'noise' : isWorse ? 'worse' : 'better';
    const medians = [median(was.rounds), median(measure.rounds)].map(digits);
    rows.push([measure.id, ...medians, measure.unit, percent(value), `${percent(low)} .. ${percent(high)}`, verdict]);
  }
  return { text: `${differences(before, after)}${textTable(rows)}\n`, hasRegression };
}

const measuresOf = (results: Results): Measure[] => results.benches.flatMap((bench) => bench.measures);

/** What makes a comparison doubtful. */
function differences({ manifest: a }: Results, { manifest: b }: Results): string {
  const lines = [
    a.machine.cpu !== b.machine.cpu || a.machine.cores !== b.machine.cores ? 'not the same machine' : '',
    a.node !== b.node ? `Node ${a.node} and ${b.node}` : '',
    JSON.stringify(a.settings) !== JSON.stringify(b.settings) ? 'not the same settings' : '',
  ].filter((line) => line !== '');
  return lines.map((line) => `note: ${line}\n`).join('');
}
