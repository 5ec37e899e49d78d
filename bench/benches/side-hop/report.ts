// The tables, measures and notes of the side path's hop.

import type { BenchResult } from '../../bench.ts';
import { finiteOrNull, withInterval } from '../../figures/format.ts';
import { encodeHistogram, mergeHistograms, percentilesMs } from '../../figures/histogram.ts';
import type { Measure, ReportTable } from '../../figures/results.ts';
import { estimateMedian, median } from '../../figures/statistics.ts';
import { answersOf } from '../http/data.ts';
import { ANSWER_FORMS, type AnswerForm, CLOSED_CONNECTIONS, PACE, PER_SECOND, type SideHopData } from './data.ts';
import {
  addedChatRounds,
  chatPercentiles,
  type Judging,
  type MeasuredMoment,
  MOMENTS,
  type Moment,
  type Rank,
  validRuns,
} from './figures.ts';

const RANKS: readonly Rank[] = ['p50', 'p99'];
const WORDS: Readonly<Record<Moment, string>> = { firstByteMs: 'first byte', totalMs: 'total' };
const IDS: Readonly<Record<Moment, string>> = { firstByteMs: 'first_byte', totalMs: 'total' };

export function describeSideHop(data: SideHopData, { ledger, seed }: Judging): Omit<BenchResult, 'figures'> {
  const names = [...data.keys()];
  return {
    measures: names.flatMap((name) => [
      ...ANSWER_FORMS.flatMap((form) => measuresOf(data, name, form)),
      ...closedOf(data, name),
    ]),
    tables: [
      ...ANSWER_FORMS.flatMap((form) => [latencyTable(data, form), addedTable(data, form, seed)]),
      closedTable(data),
    ],
    plots: [],
    histograms: Object.fromEntries(
      names.flatMap((name) =>
        ANSWER_FORMS.map((form) => [`side-hop-${form}-${name}`, encodeHistogram(merged(data, name, form))]),
      ),
    ),
    notes: [
      ...(ledger === undefined
        ? []
        : [
            `the ledger has ${ledger.rows} rows for the ${ledger.answers} calls that trunkline answered (warm-up and closed loop included), ${ledger.unknownCosts} without a cost; together ${ledger.costMicroUsd} micro-USD`,
          ]),
      ...names.flatMap((name) => invalidNotes(data, name)),
    ],
  };
}

const merged = (data: SideHopData, name: string, form: AnswerForm) =>
  mergeHistograms(validRuns(data, name, form).map(({ total }) => total));

function latencyTable(data: SideHopData, form: AnswerForm): ReportTable {
  const rows = [...data.keys()].map((name) => {
    const runs = validRuns(data, name, form);
    const of = (moment: Moment, rank: Rank) => finiteOrNull(median(runs.map((run) => run[moment][rank])));
    const all = percentilesMs(merged(data, name, form));
    return [
      name,
      ...MOMENTS.flatMap((moment) => RANKS.map((rank) => of(moment, rank))),
      ...(all.count > 0 ? [all.max, all.count] : [null, 0]),
      finiteOrNull(median(runs.flatMap(({ cpuUsPerCall }) => cpuUsPerCall ?? []))),
      finiteOrNull(Math.max(...runs.flatMap(({ rssBytes }) => rssBytes ?? [])) / 2 ** 20),
      finiteOrNull(median(runs.map(({ latenessMs }) => latenessMs.p99))),
    ];
  });
  const head = MOMENTS.flatMap((moment) => RANKS.map((rank) => `${WORDS[moment]} ${rank}`));
  const pace = `the endpoint thinks for ${PACE.thinkMs} ms, then ${PACE.tokens} tokens, ${PACE.gapMs} ms apart`;
  return {
    title: `${form} answers, ${PER_SECOND} calls/s: latency from the intended time, ms (medians of rounds); ${pace}`,
    columns: ['', ...head, 'max', 'calls', 'CPU us/call', 'memory MiB', 'caller late p99'],
    rows,
  };
}

/** Calls a difference noise when it is no larger than that of direct to itself. */
function addedTable(data: SideHopData, form: AnswerForm, seed: number): ReportTable {
  const places = MOMENTS.flatMap((moment) => RANKS.map((rank): MeasuredMoment => ({ form, moment, rank })));
  const added = (name: string, place: MeasuredMoment) => estimateMedian(addedChatRounds(data, name, place), seed);
  const floors = places.map((place) => {
    const { value, interval } = added('direct-again', place);
    return Math.max(...[value, ...interval].map(Math.abs));
  });
  const rows = [...data.keys()]
    .filter((name) => name !== 'direct')
    .map((name) => [
      name === 'direct-again' ? 'direct-again (noise floor)' : name,
      ...places.map((place, index) => {
        const { value, interval } = added(name, place);
        const isNoise = name !== 'direct-again' && Math.abs(value) <= (floors[index] ?? 0);
        return `${withInterval(value, interval)}${isNoise ? ' (noise)' : ''}`;
      }),
    ]);
  return {
    title: `${form} answers, ${PER_SECOND} calls/s: added to direct, ms, with 95 % interval`,
    columns: ['', ...places.map(({ moment, rank }) => `${WORDS[moment]} ${rank}`)],
    rows,
  };
}

function closedTable(data: SideHopData): ReportTable {
  const rows = [...data.keys()].map((name) => {
    const runs = closedRuns(data, name);
    const { p50, p99, count } = percentilesMs(mergeHistograms(runs.map(({ latency }) => latency)));
    const cpu = finiteOrNull(median(runs.flatMap(({ cpuUsPerCall }) => cpuUsPerCall ?? [])));
    const wrong = runs.reduce((sum, run) => sum + run.errors + answersOf(run) - (run.statuses[200] ?? 0), 0);
    return [name, finiteOrNull(median(runs.map(rateOf))), p50, p99, count, cpu, wrong];
  });
  return {
    title: `closed loop on ${CLOSED_CONNECTIONS} connections, whole answers that take the endpoint no time: latency in ms`,
    columns: ['', 'calls/s', 'p50', 'p99', 'calls', 'CPU us/call', 'failed'],
    rows,
  };
}

const closedRuns = (data: SideHopData, name: string) => (data.get(name) ?? []).flatMap((visit) => visit?.closed ?? []);
const rateOf = (run: ReturnType<typeof closedRuns>[number]): number => (run.statuses[200] ?? 0) / run.seconds;

function measuresOf(data: SideHopData, name: string, form: AnswerForm): Measure[] {
  const common = { unit: 'ms', better: 'lower' } as const;
  const times = MOMENTS.flatMap((moment) =>
    RANKS.flatMap((rank): Measure[] => {
      const place = { form, moment, rank };
      const id = `${IDS[moment]}_${rank}_ms.${form}.${name}`;
      const plain = chatPercentiles(data, name, place).filter((value) => value !== undefined);
      const own: Measure = { ...common, id: `side_hop.${id}`, rounds: plain, paired: false };
      if (name === 'direct') return [own];
      return [own, { ...common, id: `side_hop.added_${id}`, rounds: addedChatRounds(data, name, place), paired: true }];
    }),
  );
  const cpu = validRuns(data, name, form).flatMap(({ cpuUsPerCall }) => cpuUsPerCall ?? []);
  const cost = {
    id: `side_hop.cpu_us.${form}.${name}`,
    unit: 'us',
    better: 'lower',
    rounds: cpu,
    paired: false,
  } as const;
  return cpu.length > 0 ? [...times, cost] : times;
}

const closedOf = (data: SideHopData, name: string): Measure[] => {
  const rounds = closedRuns(data, name).map(rateOf);
  return [{ id: `side_hop.rate.${name}`, unit: '1/s', better: 'higher', rounds, paired: false }];
};

function invalidNotes(data: SideHopData, name: string): string[] {
  return ANSWER_FORMS.flatMap((form) => {
    const runs = (data.get(name) ?? []).map((visit) => visit?.runs.get(form));
    const invalid = runs.flatMap((run) => run?.invalid ?? []);
    const failed = runs.filter((run) => run === undefined).length;
    return [
      ...(invalid.length > 0
        ? [`${form} answers, ${name}: ${invalid.length} invalid twice and left out (${invalid[0]})`]
        : []),
      ...(failed > 0 ? [`${form} answers, ${name}: ${failed} failed`] : []),
    ];
  });
}
