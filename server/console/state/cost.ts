// What a session and its tasks cost. An unknown cost is counted as unknown and is in no sum.

import type { Charge } from '../api/session-record.ts';
import { formatUsd } from './format.ts';

export interface Cost {
  /** Of the charges whose cost is known. */
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

/** `$0.0132`, `unknown`, `$0.0132 + 2 unknown`; a dash where nothing was charged. */
export function formatCost({ microUsd, known, unknown }: Cost): string {
  if (known + unknown === 0) return '–';
  if (known === 0) return 'unknown';
  return unknown === 0 ? formatUsd(microUsd) : `${formatUsd(microUsd)} + ${unknown} unknown`;
}

/** The charges of one kind that went the same way. */
export interface ChargeLine {
  readonly what: 'session' | 'tasks' | 'calls';
  readonly model: string;
  readonly path: string;
  readonly count: number;
  readonly cost: Cost;
  /** Where the costs come from: reported, estimated. */
  readonly sources: readonly string[];
  readonly isRehearsal: boolean;
}

const whatOf: Readonly<Record<string, ChargeLine['what']>> = { realtime: 'session', task: 'tasks' };

/** The session first, then its tasks by model and path. */
export function chargeLines(charges: readonly Charge[]): ChargeLine[] {
  const groups = Map.groupBy(charges, ({ kind, model, path, isRehearsal }) =>
    JSON.stringify([kind, model, path, isRehearsal]),
  );
  const lines = [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { kind, model, path, isRehearsal } = first;
    const sources = [...new Set(group.map(({ costSource }) => costSource))].filter((one) => one !== '');
    const what = whatOf[kind] ?? 'calls';
    return [{ what, model, path, isRehearsal, count: group.length, cost: sumCosts(group), sources }];
  });
  const places = ['session', 'tasks', 'calls'];
  return lines.toSorted((a, b) => places.indexOf(a.what) - places.indexOf(b.what));
}
