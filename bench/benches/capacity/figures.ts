// The figures of capacity: what a frame costs with many sessions over what it costs with few, and what an idle one holds.

import { type Figure, judge, unjudged } from '../../figures/results.ts';
import { estimateMedian, pairedRatios } from '../../figures/statistics.ts';
import type { CapacityData } from './data.ts';

const SUBJECT = 'trunkline';
const [FEW, MANY] = [100, 2000];
const FEWEST_ROUNDS = 3;

export function capacityFigures(data: CapacityData, seed: number): Figure[] {
  return [cpuRatio(data, seed), idleMemory(data, seed)];
}

/** Microseconds for each frame; late runs count, incomplete ones do not. */
export const costRounds = ({ cost }: CapacityData, name: string, sessions: number): (number | undefined)[] =>
  (cost.get(name) ?? []).map((visit) => {
    const run = visit?.get(sessions);
    return run?.isComplete ? run.cpuUsPerFrame : undefined;
  });

export const ratioRounds = (data: CapacityData, name: string): number[] =>
  pairedRatios(costRounds(data, name, MANY), costRounds(data, name, FEW));

/** KiB for each session. */
export const idleRounds = ({ idle }: CapacityData, name: string): number[] =>
  (idle.get(name) ?? []).flatMap((memory) => (Number.isFinite(memory?.perSession) ? [memory?.perSession ?? 0] : []));

function cpuRatio(data: CapacityData, seed: number): Figure {
  const goal = { id: `capacity.cpu_ratio.${MANY}_vs_${FEW}`, unit: 'ratio', below: 1 };
  if (data.mostSessions < MANY) return unjudged(goal, filesText(data.mostSessions));
  return judged(goal, ratioRounds(data, SUBJECT), seed);
}

const idleMemory = (data: CapacityData, seed: number): Figure =>
  judged({ id: 'capacity.idle_kib', unit: 'KiB', below: 40 }, idleRounds(data, SUBJECT), seed);

function judged(goal: Parameters<typeof judge>[0], rounds: readonly number[], seed: number): Figure {
  if (rounds.length < FEWEST_ROUNDS) return unjudged(goal, 'too few valid rounds');
  const { value, interval } = estimateMedian(rounds, seed);
  return judge(goal, value, { interval: [...interval] });
}

export const filesText = (mostSessions: number): string => `open files allow ${mostSessions} sessions (ulimit -n)`;
