// The figures of capacity: what a frame costs with many sessions over what it costs with few, and what an idle one holds.

import { type Figure, judgeMedian, unjudged } from '../../figures/results.ts';
import { mapRounds, type Rounds, runsOf } from '../../figures/rounds.ts';
import { pairedRatios } from '../../figures/statistics.ts';
import { frameCosts } from '../../load/run.ts';
import type { CapacityData } from './data.ts';

const SUBJECT = 'trunkline';
const [FEW, MANY] = [100, 2000];

export function capacityFigures(data: CapacityData, seed: number): Figure[] {
  const ratio = { id: `capacity.cpu_ratio.${MANY}_vs_${FEW}`, unit: 'ratio', below: 1 };
  const idle = { id: 'capacity.idle_kib', unit: 'KiB', below: 40 };
  return [
    data.mostSessions < MANY
      ? unjudged(ratio, filesText(data.mostSessions))
      : judgeMedian(ratio, ratioRounds(data, SUBJECT), seed),
    judgeMedian(idle, idleRounds(data, SUBJECT), seed),
  ];
}

/** Microseconds for each frame. */
export const costs = ({ cost }: CapacityData, sessions: number): Rounds<number> =>
  frameCosts(mapRounds(cost, (visit) => visit.get(sessions)));

export const ratioRounds = (data: CapacityData, name: string): number[] =>
  pairedRatios(costs(data, MANY).get(name) ?? [], costs(data, FEW).get(name) ?? []);

/** KiB for each session. */
export const idleRounds = ({ idle }: CapacityData, name: string): number[] =>
  runsOf(idle, name)
    .map(({ perSession }) => perSession)
    .filter(Number.isFinite);

export const filesText = (mostSessions: number): string => `open files allow ${mostSessions} sessions (ulimit -n)`;
