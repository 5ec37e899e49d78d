// Sums what a session and its tasks cost. An unknown cost is counted as unknown and is in no sum.

import type { ChargedCall } from '../api/session-record.ts';
import { formatUsd } from './format.ts';

interface Cost {
  /** Sum of the charges whose cost is known. */
  readonly microUsd: number;
  readonly known: number;
  readonly unknown: number;
}

export function sumCosts(charges: readonly Pick<ChargedCall, 'costMicroUsd'>[]): Cost {
  const known = charges.flatMap(({ costMicroUsd }) => costMicroUsd ?? []);
  return {
    microUsd: known.reduce((sum, cost) => sum + cost, 0),
    known: known.length,
    unknown: charges.length - known.length,
  };
}

/** Writes `$0.0132`, `unknown`, or `$0.0132 + 2 unknown`; a dash when nothing was charged. */
export function formatCost({ microUsd, known, unknown }: Cost): string {
  if (known + unknown === 0) return '–';
  if (known === 0) return 'unknown';
  return unknown === 0 ? formatUsd(microUsd) : `${formatUsd(microUsd)} + ${unknown} unknown`;
}

const order = ['session', 'tasks', 'calls'] as const;
const whatOf = { realtime: 'session', task: 'tasks', chat: 'calls' } as const;

/** Charges of one kind, model and path. */
export interface ChargeLine {
  readonly what: (typeof order)[number];
  readonly model: string;
  readonly path: string;
  readonly isRehearsal: boolean;
  readonly count: number;
  readonly cost: Cost;
  /** Some of the costs are estimates. */
  readonly isEstimated: boolean;
}

/** Groups charges: the session first, then its tasks and calls by model and path. */
export function chargeLines(charges: readonly ChargedCall[]): ChargeLine[] {
  const groups = Map.groupBy(charges, ({ kind, served, asked, path, isRehearsal }) =>
    JSON.stringify({ what: whatOf[kind], model: served || asked || '', path, isRehearsal }),
  );
  const lines = [...groups].map(([key, group]) => ({
    ...(JSON.parse(key) as Pick<ChargeLine, 'what' | 'model' | 'path' | 'isRehearsal'>),
    count: group.length,
    cost: sumCosts(group),
    isEstimated: group.some(({ costSource }) => costSource === 'estimated' || costSource === 'catalogue'),
  }));
  return lines.toSorted((a, b) => order.indexOf(a.what) - order.indexOf(b.what));
}
