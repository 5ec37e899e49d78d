// The figures of the side path's hop: the worst of whole and streamed answers, of the first byte and the last.

import { digits } from '../../figures/format.ts';
import { type Figure, type Goal, judge, TOO_FEW, unjudged } from '../../figures/results.ts';
import { addedRounds } from '../../figures/rounds.ts';
import { type Estimate, estimateMedian, median } from '../../figures/statistics.ts';
import { ANSWER_FORMS, type AnswerForm, chatTimes, type Moment, type SideHopData } from './data.ts';
import { type Ledger, ledgerGap } from './ledger.ts';

const SUBJECT = 'trunkline';
const FEWEST_ROUNDS = 3;

export interface Judging {
  /** Ledger after the rounds; undefined when there was no trunkline. */
  readonly ledger: Ledger | undefined;
  readonly seed: number;
}

export function sideHopFigures(data: SideHopData, { ledger, seed }: Judging): Figure[] {
  const gap = ledger === undefined ? 'there was no trunkline' : ledgerGap(ledger);
  const goals = [
    ['p50', 0.5],
    ['p99', 2],
  ] as const;
  return goals.map(([rank, below]) => {
    const goal = { id: `side_hop.added_${rank}_ms`, unit: 'ms', below };
    return gap === undefined ? added(data, goal, { rank, seed }) : unjudged(goal, gap);
  });
}

interface Ranked {
  readonly rank: Moment['rank'];
  readonly seed: number;
}

function added(data: SideHopData, goal: Goal, ranked: Ranked): Figure {
  const own = worstAdded(data, SUBJECT, { ...ranked, forms: ANSWER_FORMS });
  if (own === undefined) return unjudged(goal, TOO_FEW);
  const { form, at } = own.moment;
  const peers = [...data.keys()]
    .filter((name) => name !== SUBJECT && !name.startsWith('direct'))
    .map((name) => comparison(data, name, ranked));
  const ahead = peers.filter(({ isAhead }) => isAhead).map(({ name }) => name);
  const place = `${form} answers, ${at === 'totalMs' ? 'last' : 'first'} byte`;
  const figure = judge(goal, own.value, {
    interval: [...own.interval],
    noise: median(addedRounds(chatTimes(data, own.moment), 'direct-again').map(Math.abs)),
    reason: [place, ...peers.map(({ words }) => words)].join('; '),
  });
  return {
    ...figure,
    goal: `${figure.goal}, and below every other gateway`,
    met: figure.met && ahead.length === 0,
    ...(ahead.length > 0 && { reason: `${ahead.join(', ')} is ahead; ${figure.reason}` }),
  };
}

/** Compares over the forms that this gateway can do: it may not stream, or not keep up. */
function comparison(data: SideHopData, name: string, ranked: Ranked) {
  const forms = ANSWER_FORMS.filter((form) => worstAdded(data, name, { ...ranked, forms: [form] }) !== undefined);
  const [peer, own] = [name, SUBJECT].map((value) => worstAdded(data, value, { ...ranked, forms }));
  if (peer === undefined || own === undefined)
    return { name, isAhead: false, words: `${name} has too few valid rounds` };
  const only =
    forms.length < ANSWER_FORMS.length
      ? ` to ${forms.join()} answers, of which alone it has valid rounds (${SUBJECT} ${digits(own.value)} ms)`
      : '';
  return { name, isAhead: peer.value <= own.value, words: `${name} adds ${digits(peer.value)} ms${only}` };
}

/** Moment at which most is added; undefined when there are too few valid rounds somewhere. */
function worstAdded(
  data: SideHopData,
  name: string,
  { rank, seed, forms }: Ranked & { readonly forms: readonly AnswerForm[] },
): (Estimate & { readonly moment: Moment }) | undefined {
  const moments = forms.flatMap((form) => (['firstByteMs', 'totalMs'] as const).map((at) => ({ form, at, rank })));
  const all = moments.map((moment) => ({ moment, rounds: addedRounds(chatTimes(data, moment), name) }));
  if (all.length === 0 || all.some(({ rounds }) => rounds.length < FEWEST_ROUNDS)) return undefined;
  return all
    .map(({ moment, rounds }) => ({ moment, ...estimateMedian(rounds, seed) }))
    .reduce((a, b) => (b.value > a.value ? b : a));
}
