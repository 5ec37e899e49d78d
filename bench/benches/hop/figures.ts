// The figures of the hop: ratios within one run, so that the machine's mood cancels out.

import type { BenchContext } from '../../bench.ts';
import { digits } from '../../figures/format.ts';
import {
  FEWEST_ROUNDS,
  type Figure,
  type Goal,
  judge,
  judgeMedian,
  judgeRatio,
  TOO_FEW,
  unjudged,
} from '../../figures/results.ts';
import { mapRounds, type Rounds, runsOf, validRounds } from '../../figures/rounds.ts';
import { bootstrap, median, pairsOf } from '../../figures/statistics.ts';
import { frameCosts, type LoadRun } from '../../load/run.ts';
import { type HopData, type HopPart, loadRuns, loadsOf } from './data.ts';

const SUBJECT = 'trunkline';
const OTHER_GATEWAYS = ['portkey', 'litellm', 'bifrost'];
/** The loads of one direction each that stand for the hop's latency; the worse direction is the figure. */
const LATENCY_LOADS = ['up-2600-40ms', 'down-6500-40ms'];

type Judging = Pick<BenchContext, 'settings' | 'absent'>;

export function hopFigures(data: HopData, context: Judging): Figure[] {
  const ranks = ['p50', 'p99'] as const;
  return [
    ...[100, 300].flatMap((sessions) =>
      ranks.map((rank) =>
        addedRatio(data, context, { id: `${rank}.${sessions}`, sessions, rank, loads: LATENCY_LOADS }),
      ),
    ),
    addedRatio(data, context, { id: 'p50.100.20ms', sessions: 100, rank: 'p50', loads: ['up-1300-20ms'] }),
    addedP99(data, context),
    cpuRatio(data, context, { loads: 'up-2600-', bytes: 2600, against: 'haproxy', below: 1.25 }),
    cpuRatio(data, context, { loads: 'up-1300-', bytes: 1300, against: 'haproxy', below: 1.25 }),
    cpuRatio(data, context, { loads: 'down-16000-', bytes: 16_000, against: 'nginx', below: 1.1 }),
    senderRatio(data, context),
  ];
}

/** Name of the sessions of ours whose audio is in binary messages. */
export const BINARY = 'trunkline-binary';

/** CPU for a frame of binary sound over that of the same audio in base64. */
export function binaryFigures(part: HopPart | undefined, { settings, absent }: Judging): Figure[] {
  const goal: Goal = { id: 'hop.cpu_per_frame.binary.vs_base64', unit: 'ratio', below: 1.1 };
  if (part === undefined) return [unjudged(goal, `${SUBJECT}: ${absent.get(SUBJECT) ?? 'not here'}`)];
  const costs = [...part.loads.values()]
    .map(frameCosts)
    .flatMap((byName) => pairsOf(byName.get(BINARY) ?? [], byName.get(SUBJECT) ?? []));
  const us = (at: 0 | 1) => digits(median(costs.map((pair) => pair[at])));
  const figure = judgeRatio(goal, costs, settings.seed);
  return [{ ...figure, reason: figure.reason ?? `${us(0)} us for a binary frame, ${us(1)} us in base64` }];
}

interface RatioOptions {
  /** Middle of the figure's id. */
  readonly id: string;
  readonly sessions: number;
  readonly rank: 'p50' | 'p99';
  readonly loads: readonly string[];
}

/** Median added latency of ours over HAProxy's, both from the same rounds; resampled by whole rounds. */
function addedRatio(data: HopData, { settings, absent }: Judging, { id, sessions, rank, loads }: RatioOptions): Figure {
  const goal = { id: `hop.added_${id}.vs_haproxy`, unit: 'ratio', below: 1.2 };
  const missing = absent.get('haproxy');
  if (missing !== undefined) return unjudged(goal, `haproxy: ${missing}`);
  const byLoad = loads.map((load) => addedIn(data, { sessions, load, rank, against: 'haproxy' }));
  if (byLoad.some((rounds) => rounds.length < FEWEST_ROUNDS)) return unjudged(goal, TOO_FEW);
  const ratio = (rounds: readonly Added[]) => medianOf(rounds, 'subject') / medianOf(rounds, 'floor');
  const estimates = byLoad.map((rounds) => {
    const [floor, again] = [medianOf(rounds, 'floor'), medianOf(rounds, 'again')];
    return { floor, again, ...bootstrap(rounds, ratio, settings.seed) };
  });
  const worst = estimates.reduce((a, b) => (b.value > a.value ? b : a));
  const noise = worst.again / Math.abs(worst.floor);
  const figure = judge(goal, worst, { noise });
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
  const goal: Goal = { id: `hop.cpu_per_frame.${bytes}.vs_${against}`, unit: 'ratio', below };
  return costRatio(goal, against, { runs: runsWith(data, loads), ...context });
}

/** Loads whose names begin so, with at least 100 sessions. */
const runsWith = (data: HopData, loads: string): Rounds<LoadRun>[] =>
  [...data.keys()]
    .filter((sessions) => sessions >= 100)
    .flatMap((sessions) => loadsOf(data, sessions).map((load) => ({ load, runs: loadRuns(data, sessions, load) })))
    .filter(({ load }) => load.startsWith(loads))
    .map(({ runs }) => runs);

/** CPU of the sender for a frame over that of the gateway: an instrument should cost less than what it measures. */
function senderRatio(data: HopData, { settings }: Judging): Figure {
  const goal = { id: 'hop.sender_cpu.2600.vs_trunkline', unit: 'ratio', below: 1, isStrict: true };
  const costs = runsWith(data, 'up-2600-')
    .flatMap((runs) => runsOf(runs, SUBJECT))
    .flatMap(({ senderUsPerFrame: sender, cpuUsPerFrame: own }) =>
      sender === undefined || own === undefined ? [] : [[sender, own] as const],
    );
  const figure = judgeRatio(goal, costs, settings.seed);
  const us = digits(median(costs.map(([sender]) => sender)));
  return { ...figure, reason: figure.reason ?? `${us} us for each frame` };
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
  return judgeRatio(goal, costs, settings.seed);
}
