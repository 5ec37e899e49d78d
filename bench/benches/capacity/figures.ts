// The figures of capacity: what a frame costs with many sessions over what it costs with few, and what an idle one holds.

import { type Figure, judgeMedian, judgeRatio, unjudged } from '../../figures/results.ts';
import { type Rounds, runsOf } from '../../figures/rounds.ts';
import { pairsOf } from '../../figures/statistics.ts';
import { frameCosts } from '../../load/run.ts';
import type { AudioSlices, CapacityData } from './data.ts';

const SUBJECT = 'trunkline';
const [FEW, MANY] = [100, 2000];

export function capacityFigures(data: CapacityData, seed: number): Figure[] {
  const idle = { id: 'capacity.idle_kib', unit: 'KiB', below: 36 };
  const memory = 'each session, supervisor and side process included';
  return [ratioFigure(data, seed), { ...judgeMedian(idle, idleRounds(data, SUBJECT), seed), reason: memory }];
}

function ratioFigure(data: CapacityData, seed: number): Figure {
  const goal = { id: `capacity.cpu_ratio.${MANY}_vs_${FEW}`, unit: 'ratio', below: 1 };
  if (data.mostSessions < MANY) return unjudged(goal, filesText(data.mostSessions));
  const figure = judgeRatio(goal, ratioPairs(data, SUBJECT), seed);
  if (figure.interval === null) return figure;
  const isSame = figure.interval[0] <= goal.below;
  const reason = !figure.met && isSame ? 'no rise that these slices could tell' : null;
  return { ...figure, goal: `${figure.goal}, or not told from it`, met: isSame, reason };
}

/** Microseconds for each frame. */
export const costs = ({ cost }: CapacityData, sessions: number): Rounds<number> =>
  frameCosts(cost.get(sessions) ?? new Map());

/** Costs of one round: with many sessions, with few. */
export const ratioPairs = (data: CapacityData, name: string) =>
  pairsOf(costs(data, MANY).get(name) ?? [], costs(data, FEW).get(name) ?? []);

/** Sessions whose audio, in both directions all the time, takes one core; a value for each round. */
export function sessionsPerCore({ frameMs, upstream, downstream }: AudioSlices, name: string): number[] {
  const [up, down] = [upstream, downstream].map((runs) => frameCosts(runs).get(name) ?? []);
  return pairsOf(up ?? [], down ?? []).map(([upUs, downUs]) => (1000 * frameMs) / (upUs + downUs));
}

/** KiB for each session. */
export const idleRounds = ({ idle }: CapacityData, name: string): number[] =>
  runsOf(idle, name)
    .map(({ perSession }) => perSession)
    .filter(Number.isFinite);

export const filesText = (mostSessions: number): string => `open files allow ${mostSessions} sessions (ulimit -n)`;
