// The figures of the hop: ratios within one run, so that the machine's mood cancels out.

import type { BenchContext } from '../../bench.ts';
import { digits } from '../../figures/format.ts';
import type { Percentiles } from '../../figures/histogram.ts';
import { type Figure, type Goal, judge, unjudged } from '../../figures/results.ts';
import { bootstrap, estimateMedian, median, pairedRatios } from '../../figures/statistics.ts';
import type { HopData } from './data.ts';

const SUBJECT = 'trunkline';
const OTHER_GATEWAYS = ['portkey', 'litellm', 'bifrost'];
/** The loads of one direction each that stand for the hop's latency; the worse direction is the figure. */
const LATENCY_LOADS = ['up-2600-40ms', 'down-6500-40ms'];
const FEWEST_ROUNDS = 3;

type Rank = 'p50' | 'p99';

export function hopFigures(data: HopData, { settings: { seed }, absent }: BenchContext): Figure[] {
  const figures: Figure[] = [];
  for (const sessions of [100, 300]) {
    for (const [rank, below] of [
      ['p50', 1],
      ['p99', 1.2],
    ] as const) {
      const goal = { id: `hop.added_${rank}.${sessions}.vs_haproxy`, unit: 'ratio', below };
      figures.push(addedRatio(data, goal, { sessions, rank, seed, absent }));
    }
  }
  figures.push(addedP99(data, seed));
  figures.push(cpuRatio(data, { direction: 'up', bytes: 2600, against: 'haproxy', below: 1.25, seed, absent }));
  figures.push(cpuRatio(data, { direction: 'down', bytes: 16_000, against: 'nginx', below: 1, seed, absent }));
  return figures;
}

interface Added {
  readonly subject: number;
  readonly floor: number;
  readonly again: number;
}

interface RatioOptions {
  readonly sessions: number;
  readonly rank: Rank;
  readonly seed: number;
  readonly absent: ReadonlyMap<string, string>;
}

/** Median added latency of ours over HAProxy's, both from the same rounds; resampled by whole rounds. */
function addedRatio(data: HopData, goal: Goal, { sessions, rank, seed, absent }: RatioOptions): Figure {
  const missing = absent.get('haproxy');
  if (missing !== undefined) return unjudged(goal, `haproxy: ${missing}`);
  const byLoad = LATENCY_LOADS.map((load) => addedRounds(data, { sessions, load, rank, against: 'haproxy' }));
  if (byLoad.some((rounds) => rounds.length < FEWEST_ROUNDS)) return unjudged(goal, 'too few valid rounds');
  const estimates = byLoad.map((rounds) => {
    const floor = median(rounds.map((round) => round.floor));
    const ratio = (sample: readonly Added[]) =>
      median(sample.map((value) => value.subject)) / median(sample.map((value) => value.floor));
    return { floor, again: median(rounds.map((round) => Math.abs(round.again))), ...bootstrap(rounds, ratio, seed) };
  });
  const worst = estimates.reduce((a, b) => (b.value > a.value ? b : a));
  const figure = judge(goal, worst.value, {
    interval: [...worst.interval],
    noise: worst.again / Math.abs(worst.floor),
  });
  const isNoise = estimates.some(({ floor, again }) => floor <= again);
  // A ratio to noise says nothing, whichever way it comes out.
  return isNoise ? { ...figure, met: null, reason: 'what haproxy adds is within the noise floor' } : figure;
}

interface RoundsOptions {
  readonly sessions: number;
  readonly load: string;
  readonly rank: Rank;
  readonly against: string;
}

function addedRounds(data: HopData, { sessions, load, rank, against }: RoundsOptions): Added[] {
  const [direct, again, subject, floor] = ['direct', 'direct-again', SUBJECT, against].map((name) =>
    hopPercentiles(data, { sessions, load, name }),
  );
  return (direct ?? []).flatMap((base, round) => {
    const [a, s, f] = [again?.[round], subject?.[round], floor?.[round]];
    if (base === undefined || a === undefined || s === undefined || f === undefined) return [];
    return [{ subject: s[rank] - base[rank], floor: f[rank] - base[rank], again: a[rank] - base[rank] }];
  });
}

/** undefined where the run failed or is invalid. */
export function hopPercentiles(
  data: HopData,
  { sessions, load, name }: { readonly sessions: number; readonly load: string; readonly name: string },
): (Percentiles | undefined)[] {
  const visits = data.get(sessions)?.get(name) ?? [];
  return visits.map((visit) => {
    const run = visit?.runs.get(load);
    return run?.invalid === undefined ? run?.latencyMs : undefined;
  });
}

/** Milliseconds, the worse direction; it must also be below every other gateway that was measured. */
function addedP99(data: HopData, seed: number): Figure {
  const goal = { id: 'hop.added_p99_ms.300', unit: 'ms', below: 1, isStrict: true };
  const of = (against: string) =>
    LATENCY_LOADS.map((load) => addedRounds(data, { sessions: 300, load, rank: 'p99', against }));
  const own = of(SUBJECT);
  if (own.some((rounds) => rounds.length < FEWEST_ROUNDS)) return unjudged(goal, 'too few valid rounds');
  const values = own.map((rounds) =>
    estimateMedian(
      rounds.map((round) => round.subject),
      seed,
    ),
  );
  const [worst, rounds] = (values[1]?.value ?? 0) > (values[0]?.value ?? 0) ? [values[1], own[1]] : [values[0], own[0]];
  if (worst === undefined || rounds === undefined) return unjudged(goal, 'no valid measurement');
  const others = OTHER_GATEWAYS.flatMap((name) => {
    const added = of(name).map((value) => median(value.map(({ floor }) => floor)));
    return added.every(Number.isFinite) ? [{ name, added: Math.max(...added) }] : [];
  });
  const figure = judge(goal, worst.value, {
    interval: [...worst.interval],
    noise: median(rounds.map((round) => Math.abs(round.again))),
    reason:
      others.map(({ name, added }) => `${name} adds ${digits(added)} ms`).join(', ') || 'no other gateway measured',
  });
  const isBelowOthers = others.every(({ added }) => worst.value < added);
  return { ...figure, met: figure.met && isBelowOthers, goal: `${figure.goal}, and below every other gateway` };
}

interface CpuOptions {
  readonly direction: 'up' | 'down';
  readonly bytes: number;
  readonly against: string;
  readonly below: number;
  readonly seed: number;
  readonly absent: ReadonlyMap<string, string>;
}

/** CPU for each frame of that size over all runs with at least 100 sessions, as a ratio within each round. */
function cpuRatio(data: HopData, { direction, bytes, against, below, seed, absent }: CpuOptions): Figure {
  const goal = { id: `hop.cpu_per_frame.${bytes}.vs_${against}`, unit: 'ratio', below };
  const missing = absent.get(against);
  if (missing !== undefined) return unjudged(goal, `${against}: ${missing}`);
  const ratios = [...data.entries()]
    .filter(([sessions]) => sessions >= 100)
    .flatMap(([sessions]) =>
      loadsOf(data, sessions)
        .filter((load) => load.startsWith(`${direction}-${bytes}-`))
        .flatMap((load) =>
          pairedRatios(
            cpuRounds(data, { sessions, load, name: SUBJECT }),
            cpuRounds(data, { sessions, load, name: against }),
          ),
        ),
    );
  if (ratios.length < FEWEST_ROUNDS) return unjudged(goal, 'too few valid rounds');
  const { value, interval } = estimateMedian(ratios, seed);
  return judge(goal, value, { interval: [...interval] });
}

/** CPU does not depend on when frames were sent: late runs count, incomplete ones do not. */
export function cpuRounds(
  data: HopData,
  { sessions, load, name }: { readonly sessions: number; readonly load: string; readonly name: string },
): (number | undefined)[] {
  const visits = data.get(sessions)?.get(name) ?? [];
  return visits.map((visit) => {
    const run = visit?.runs.get(load);
    return run?.isComplete ? run.cpuUsPerFrame : undefined;
  });
}

export function loadsOf(data: HopData, sessions: number): string[] {
  const visits = [...(data.get(sessions)?.values() ?? [])].flat();
  return [...new Set(visits.flatMap((visit) => [...(visit?.runs.keys() ?? [])]))];
}
