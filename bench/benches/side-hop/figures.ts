// The figures of the side path's hop: the worst of whole and streamed answers, of the first byte and the last.

import { digits } from '../../figures/format.ts';
import { type Figure, type Goal, judge, unjudged } from '../../figures/results.ts';
import { type Estimate, estimateMedian, median, pairedDifferences } from '../../figures/statistics.ts';
import { ANSWER_FORMS, type AnswerForm, type ChatRun, type SideHopData } from './data.ts';
import { type Ledger, ledgerGap } from './ledger.ts';

const SUBJECT = 'trunkline';
const FEWEST_ROUNDS = 3;

export const MOMENTS = ['firstByteMs', 'totalMs'] as const;
export type Moment = (typeof MOMENTS)[number];
export type Rank = 'p50' | 'p99';

export interface MeasuredMoment {
  readonly form: AnswerForm;
  readonly moment: Moment;
  readonly rank: Rank;
}

export interface Judging {
  /** undefined: there was no trunkline. */
  readonly ledger: Ledger | undefined;
  readonly seed: number;
}

export function sideHopFigures(data: SideHopData, { ledger, seed }: Judging): Figure[] {
  const goals: readonly [Rank, number][] = [
    ['p50', 0.5],
    ['p99', 2],
  ];
  return goals.map(([rank, below]) => {
    const goal: Goal = { id: `side_hop.added_${rank}_ms`, unit: 'ms', below };
    const gap = ledger === undefined ? 'there was no trunkline' : ledgerGap(ledger);
    return gap === undefined ? added(data, goal, { rank, seed }) : unjudged(goal, gap);
  });
}

interface Ranked {
  readonly rank: Rank;
  readonly seed: number;
}

type Worst = Estimate & { readonly place: MeasuredMoment };

function added(data: SideHopData, goal: Goal, ranked: Ranked): Figure {
  const own = worstAdded(data, SUBJECT, { ...ranked, forms: ANSWER_FORMS });
  if (own === undefined) return unjudged(goal, 'too few valid rounds');
  const noise = median(addedChatRounds(data, 'direct-again', own.place).map(Math.abs));
  const peers = [...data.keys()]
    .filter((name) => name !== SUBJECT && !name.startsWith('direct'))
    .map((name) => comparison(data, name, ranked));
  const ahead = peers.filter(({ isAhead }) => isAhead);
  const figure = judge(goal, own.value, {
    interval: [...own.interval],
    noise: Number.isFinite(noise) ? noise : null,
    reason: [wordsFor(own.place), ...peers.map(({ words }) => words)].join('; '),
  });
  return {
    ...figure,
    goal: `${figure.goal}, and below every other gateway`,
    met: figure.met && ahead.length === 0,
    ...(ahead.length > 0 && { reason: `${ahead.map(({ name }) => name).join(', ')} is ahead; ${figure.reason}` }),
  };
}

const wordsFor = ({ form, moment }: MeasuredMoment): string =>
  `${form} answers, ${moment === 'totalMs' ? 'last' : 'first'} byte`;

/** Compares over the forms that this gateway can do: it may not stream, or not keep up. */
function comparison(data: SideHopData, name: string, ranked: Ranked) {
  const forms = ANSWER_FORMS.filter((form) => worstAdded(data, name, { ...ranked, forms: [form] }) !== undefined);
  const [peer, own] = [name, SUBJECT].map((value) => worstAdded(data, value, { ...ranked, forms }));
  if (peer === undefined || own === undefined)
    return { name, isAhead: false, words: `${name} has too few valid rounds` };
  const only =
    forms.length < ANSWER_FORMS.length ? ` to ${forms.join()} answers, of which alone it has valid rounds` : '';
  const against = only === '' ? '' : ` (${SUBJECT} ${digits(own.value)} ms)`;
  return {
    name,
    isAhead: peer.value <= own.value,
    words: `${name} adds ${digits(peer.value)} ms${only}${against}`,
  };
}

/** Moment at which most is added; undefined when there are too few valid rounds somewhere. */
function worstAdded(
  data: SideHopData,
  name: string,
  { rank, seed, forms }: Ranked & { readonly forms: readonly AnswerForm[] },
): Worst | undefined {
  const places = forms.flatMap((form) => MOMENTS.map((moment): MeasuredMoment => ({ form, moment, rank })));
  const all = places.map((place) => ({ place, rounds: addedChatRounds(data, name, place) }));
  if (all.length === 0 || all.some(({ rounds }) => rounds.length < FEWEST_ROUNDS)) return undefined;
  return all
    .map(({ place, rounds }) => ({ place, ...estimateMedian(rounds, seed) }))
    .reduce((a, b) => (b.value > a.value ? b : a));
}

/** Percentile of a contender less that of `direct`, round by round. */
export function addedChatRounds(data: SideHopData, name: string, place: MeasuredMoment): number[] {
  return pairedDifferences(chatPercentiles(data, name, place), chatPercentiles(data, 'direct', place));
}

/** undefined where the run failed or is invalid. */
export function chatPercentiles(
  data: SideHopData,
  name: string,
  { form, moment, rank }: MeasuredMoment,
): (number | undefined)[] {
  return (data.get(name) ?? []).map((visit) => {
    const run = visit?.runs.get(form);
    return run?.invalid === undefined ? run?.[moment][rank] : undefined;
  });
}

export function validRuns(data: SideHopData, name: string, form: AnswerForm): ChatRun[] {
  const runs = (data.get(name) ?? []).flatMap((visit) => visit?.runs.get(form) ?? []);
  return runs.filter(({ invalid }) => invalid === undefined);
}
