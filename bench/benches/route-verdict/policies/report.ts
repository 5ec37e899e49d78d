// The tables of cost and quality: what each policy gave, and what it cost against always the strong model.

import { digits, percent } from '../../../figures/format.ts';
import type { ReportTable } from '../../../figures/results.ts';
import type { MeasuredPolicy } from './run.ts';
import { KINDS } from './tasks.ts';

export function describePolicies(policies: readonly MeasuredPolicy[]): { tables: ReportTable[]; notes: string[] } {
  const strong = policies.find(({ title }) => title === 'always strong');
  if (strong === undefined) throw new Error('nothing was measured of always strong');
  return {
    tables: [costTable(policies, strong), kindTable(policies)],
    notes: [
      'Cost and quality: the tasks are made here and their answers are known; an answer is right when it is exactly the known one. The models are mocks that are right as often as their script says, and each answers a task in one way, whoever asks. So this shows what a policy makes of given abilities and prices in the gateway as it is, and says nothing of real models: measure those with tasks of your own.',
      'Saved: measured is the cost of always strong less that of the policy, both in the ledger; "the ledger says" is the sum of savedMicroUsd, which is worked out for each row without that other run, by the tokens of the answer that was given.',
    ],
  };
}

const usdPer1000 = (microUsd: number, tasks: number): number => microUsd / 1000 / tasks;

function costTable(policies: readonly MeasuredPolicy[], strong: MeasuredPolicy): ReportTable {
  return {
    title: 'cost and quality of each policy, on the same tasks',
    columns: [
      'policy',
      'right',
      'without the form',
      'attempts per task',
      'USD per 1000 tasks',
      'saved, measured',
      'saved, the ledger says',
      'p50 ms',
      'p95 ms',
    ],
    rows: policies.map(({ title, tasks, right, misfits, attempts, costMicroUsd, savedMicroUsd, p50, p95 }) => [
      title,
      `${right} of ${tasks} (${digits((100 * right) / tasks)} %)`,
      String(misfits),
      digits(attempts / tasks),
      digits(usdPer1000(costMicroUsd, tasks)),
      savedWords(strong.costMicroUsd - costMicroUsd, strong),
      savedMicroUsd === undefined ? '–' : savedWords(savedMicroUsd, strong),
      digits(p50),
      digits(p95),
    ]),
  };
}

const savedWords = (microUsd: number, { costMicroUsd, tasks }: MeasuredPolicy): string =>
  `${digits(usdPer1000(microUsd, tasks))} (${percent(microUsd / costMicroUsd)})`;

function kindTable(policies: readonly MeasuredPolicy[]): ReportTable {
  return {
    title: 'right answers by the kind of task',
    columns: ['policy', ...KINDS],
    rows: policies.map(({ title, kinds }) => [
      title,
      ...KINDS.map((kind) => `${kinds[kind]?.right ?? 0} of ${kinds[kind]?.tasks ?? 0}`),
    ]),
  };
}
