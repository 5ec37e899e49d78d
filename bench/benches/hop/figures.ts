// The figures of the hop: ratios within one run, so that the machine's mood cancels out.

import type { BenchContext } from '../../bench.ts';
import { digits } from '../../figures/format.ts';
import { type Figure, type Goal, judge, judgeMedian, TOO_FEW, unjudged } from '../../figures/results.ts';
import { mapRounds, type Rounds, validRounds } from '../../figures/rounds.ts';
import { bootstrap, median, pairsOf, ratioOfMedians } from '../../figures/statistics.ts';
import { frameCosts, type LoadRun } from '../../load/run.ts';
import { type HopData, loadRuns, loadsOf } from './data.ts';

const SUBJECT = 'trunkline';
const OTHER_GATEWAYS = ['portkey', 'litellm', 'bifrost'];
/** The loads of one direction each that stand for the hop's latency; the worse direction is the figure. */
const LATENCY_LOADS = ['up-2600-40ms', 'down-6500-40ms'];
const FEWEST_ROUNDS = 3;

type Judging = Pick<BenchContext, 'settings' | 'absent'>;

export function hopFigures(data: HopData, context: Judging): Figure[] {
  const ranks = [
    ['p50', 1],
    ['p99', 1.2],
  ] as const;
  return [
    ...[100, 300].flatMap((sessions) =>
      ranks.map(([rank, below]) => addedRatio(data, context, { sessions, rank, below })),
    ),
    addedP99(data, context),
    cpuRatio(data, context, { loads: 'up-2600-', bytes: 2600, against: 'haproxy', below: 1.25 }),
    cpuRatio(data, context, { loads: 'down-16000-', bytes: 16_000, against: 'nginx', below: 1 }),
  ];
}

interface RatioOptions {
  readonly sessions: number;
  readonly rank: 'p50' | 'p99';
  readonly below: number;
}

/** Median added latency of ours over HAProxy's, both from the same rounds; resampled by whole rounds. */
function addedRatio(data: HopData, { settings, absent }: Judging, { sessions, rank, below }: RatioOptions): Figure {
  const goal = { id: `hop.added_${rank}.${sessions}.vs_haproxy`, unit: 'ratio', below };
  const missing = absent.get('haproxy');
  if (missing !== undefined) return unjudged(goal, `haproxy: ${missing}`);
  const byLoad = LATENCY_LOADS.map((load) => addedIn(data, { sessions, load, rank, against: 'haproxy' }));
  if (byLoad.some((rounds) => rounds.length < FEWEST_ROUNDS)) return unjudged(goal, TOO_FEW);
  const ratio = (rounds: readonly Added[]) => medianOf(rounds, 'subject') / medianOf(rounds, 'floor');
  const estimates = byLoad.map((rounds) => {
    const [floor, again] = [medianOf(rounds, 'floor'), medianOf(rounds, 'again')];
    return { floor, again, ...bootstrap(rounds, ratio, settings.seed) };
  });
  const worst = estimates.reduce((a, b) => (b.value > a.value ? b : a));
  const noise = worst.again / Math.abs(worst.floor);
  const figure = judge(goal, worst.value, { interval: [...worst.interval], noise });
  const isNoise = estimates.some(({ floor, again }) => floor <= again);
  // A ratio to noise says nothing, whichever way it comes out.
  return isNoise ? { ...figure, met: null, reason: 'what haproxy adds is within the noise floor' } : figure;
}

/** Milliseconds that were added in one round: by ours, by the one it is compared to, by direct again (without its sign). */
interface Added {
  readonly subject: number;
  readonly floor: number;
  readonly again: number;
}

const medianOf = (rounds: readonly Added[], what: keyof Added): number => median(rounds.map((round) => round[what]));

interface AddedOptions {
  readonly sessions: number;
  readonly load: string;
  readonly rank: 'p50' | 'p99';
  readonly against: string;
}

/** The rounds in which all of them are valid. */
function addedIn(data: HopData, { sessions, load, rank, against }: AddedOptions): Added[] {
  const ms = mapRounds(validRounds(loadRuns(data, sessions, load)), ({ latencyMs }) => latencyMs[rank]);
  return (ms.get('direct') ?? []).flatMap((direct, round) => {
    const [again, subject, floor] = ['direct-again', SUBJECT, against].map((name) => ms.get(name)?.[round]);
    if (direct === undefined || again === undefined || subject === undefined || floor === undefined) return [];
    return [{ subject: subject - direct, floor: floor - direct, again: Math.abs(again - direct) }];
  });
}

/** Milliseconds, the worse direction; it must also be below every other gateway that was measured. */
function addedP99(data: HopData, { settings }: Judging): Figure {
  const goal = { id: 'hop.added_p99_ms.300', unit: 'ms', below: 1, isStrict: true };
  const addedBeside = (against: string) =>
    LATENCY_LOADS.map((load) => addedIn(data, { sessions: 300, load, rank: 'p99', against }));
  const own = addedBeside(SUBJECT);
  if (own.some((rounds) => rounds.length < FEWEST_ROUNDS)) return unjudged(goal, TOO_FEW);
  const worst = own.reduce((a, b) => (medianOf(b, 'subject') > medianOf(a, 'subject') ? b : a));
  const others = OTHER_GATEWAYS.map((name) => {
    const added = addedBeside(name).map((rounds) => medianOf(rounds, 'floor'));
    return { name, added: Math.max(...added) };
  }).filter(({ added }) => Number.isFinite(added));
  const subject = worst.map((round) => round.subject);
  const figure = judgeMedian(goal, subject, settings.seed);
  return {
    ...figure,
    noise: medianOf(worst, 'again'),
    met: figure.met && others.every(({ added }) => median(subject) < added),
    goal: `${figure.goal}, and below every other gateway`,
    reason:
      others.map(({ name, added }) => `${name} adds ${digits(added)} ms`).join(', ') || 'no other gateway measured',
  };
}

interface CpuOptions {
  /** Beginning of the names of the loads. */
  readonly loads: string;
  readonly bytes: number;
  readonly against: string;
  readonly below: number;
}

/** CPU for each frame of that size over all slices with at least 100 sessions. */
function cpuRatio(data: HopData, context: Judging, { loads, bytes, against, below }: CpuOptions): Figure {
  const runs = [...data.keys()]
    .filter((sessions) => sessions >= 100)
    .flatMap((sessions) => loadsOf(data, sessions).map((load) => ({ load, runs: loadRuns(data, sessions, load) })))
    .filter(({ load }) => load.startsWith(loads));
  const goal: Goal = { id: `hop.cpu_per_frame.${bytes}.vs_${against}`, unit: 'ratio', below };
  return costRatio(goal, against, { runs: runs.map((run) => run.runs), ...context });
}

/**
 * CPU for each frame over that of another contender: the ratio of medians, resampled by whole rounds. A ratio within a slice would
 * follow every interrupt of the machine.
 */
export function costRatio(
  goal: Goal,
  against: string,
  { runs, absent, settings }: Judging & { readonly runs: readonly Rounds<LoadRun>[] },
): Figure {
  const missing = absent.get(against);
  if (missing !== undefined) return unjudged(goal, `${against}: ${missing}`);
  const costs = runs.map(frameCosts).flatMap((byName) => pairsOf(byName.get(SUBJECT) ?? [], byName.get(against) ?? []));
  if (costs.length < FEWEST_ROUNDS) return unjudged(goal, TOO_FEW);
  const { value, interval } = bootstrap(costs, ratioOfMedians, settings.seed);
  return judge(goal, value, { interval: [...interval] });
}
