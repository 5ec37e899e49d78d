// Sums what a session and its tasks cost. An unknown cost is counted as unknown and is in no sum.

import type { ChargedCall } from '../api/session-record.ts';
import { formatUsd } from './format.ts';

interface Cost {
  /** Sum of the charges whose cost is known. */
  readonly microUsd: number;
  readonly known: number;
  readonly unknown: number;
}

export function sumCosts(charges: readonly { readonly costMicroUsd: number | undefined }[]): Cost {
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

/** Charges of one kind, model and path. */
export interface ChargeLine {
  readonly what: 'session' | 'tasks' | 'calls';
  readonly model: string;
  readonly path: string;
  readonly count: number;
  readonly cost: Cost;
  /** Sources of the costs: reported, estimated. */
  readonly sources: readonly string[];
  readonly isRehearsal: boolean;
}

const whatOf: Readonly<Record<string, ChargeLine['what']>> = { realtime: 'session', task: 'tasks' };

/** Groups charges: the session first, then its tasks and calls by model and path. */
export function chargeLines(charges: readonly ChargedCall[]): ChargeLine[] {
  const groups = Map.groupBy(charges, ({ kind, model, path, isRehearsal }) =>
    JSON.stringify([kind, model, path, isRehearsal]),
  );
  const lines = [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { kind, model, path, isRehearsal } = first;
    const sources = [...new Set(group.map(({ costSource }) => costSource))].filter((source) => source !== '');
    const what = whatOf[kind] ?? 'calls';
    return [{ what, model, path, isRehearsal, count: group.length, cost: sumCosts(group), sources }];
  });
  const order = ['session', 'tasks', 'calls'];
  return lines.toSorted((a, b) => order.indexOf(a.what) - order.indexOf(b.what));
}
