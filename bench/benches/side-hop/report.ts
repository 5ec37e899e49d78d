// The tables, measures and notes of the side path's hop.

import {
  addedTable,
  encodedAs,
  faultsIn,
  measure,
  mergedBy,
  reportTable,
  timeMeasures,
} from '../../figures/describe.ts';
import { type Histogram, percentilesMs } from '../../figures/histogram.ts';
import type { Measure, ReportTable } from '../../figures/results.ts';
import { mapRounds, runsOf, validRounds } from '../../figures/rounds.ts';
import { median } from '../../figures/statistics.ts';
import { answersOf } from '../http/data.ts';
import {
  ANSWER_FORMS,
  type AnswerForm,
  CLOSED_CONNECTIONS,
  chatRuns,
  chatTimes,
  type Moment,
  PACE,
  PER_SECOND,
  type SideHopData,
  type SideVisit,
} from './data.ts';
import type { Judging } from './figures.ts';

const MOMENTS: readonly (readonly [id: string, heading: string, Omit<Moment, 'form'>])[] = [
  ['first_byte_p50_ms', 'first byte p50', { at: 'firstByteMs', rank: 'p50' }],
  ['first_byte_p99_ms', 'first byte p99', { at: 'firstByteMs', rank: 'p99' }],
  ['total_p50_ms', 'total p50', { at: 'totalMs', rank: 'p50' }],
  ['total_p99_ms', 'total p99', { at: 'totalMs', rank: 'p99' }],
];

export function describeSideHop(data: SideHopData, { ledger, seed }: Judging) {
  const names = [...data.keys()];
  const forms = ANSWER_FORMS.map((form) => ({
    form,
    merged: mergedBy(validRounds(chatRuns(data, form)), ({ total }) => total),
  }));
  const added = (form: AnswerForm) =>
    MOMENTS.map(([, heading, moment]) => [heading, chatTimes(data, { form, ...moment })] as const);
  return {
    measures: names.flatMap((name) => measuresOf(data, name)),
    tables: [
      ...forms.flatMap(({ form, merged }) => [
        latencyTable(data, form, merged),
        addedTable(`${form} answers, ${PER_SECOND} calls/s`, added(form), seed),
      ]),
      closedTable(data),
    ],
    histograms: Object.fromEntries(forms.flatMap(({ form, merged }) => encodedAs(`side-hop-${form}`, merged))),
    notes: [
      ...(ledger === undefined
        ? []
        : [
            `the ledger has ${ledger.rows} rows for the ${ledger.answers} calls that trunkline answered (warm-up and closed loop included), ${ledger.unknownCosts} without a cost; together ${ledger.costMicroUsd} micro-USD`,
          ]),
      ...names.flatMap((name) =>
        ANSWER_FORMS.flatMap((form) =>
          faultsIn(chatRuns(data, form).get(name) ?? [], 'invalid twice and left out').map(
            (fault) => `${form} answers, ${name}: ${fault}`,
          ),
        ),
      ),
    ],
  };
}

function latencyTable(data: SideHopData, form: AnswerForm, merged: ReadonlyMap<string, Histogram>): ReportTable {
  const valid = validRounds(chatRuns(data, form));
  const rows = [...merged].map(([name, histogram]) => ({
    name,
    runs: runsOf(valid, name),
    all: percentilesMs(histogram),
  }));
  const pace = `the endpoint thinks for ${PACE.thinkMs} ms, then ${PACE.tokens} tokens, ${PACE.gapMs} ms apart`;
  const title = `${form} answers, ${PER_SECOND} calls/s: latency from the intended time, ms (medians of rounds); ${pace}`;
  return reportTable(title, rows, [
    ['', ({ name }) => name],
    ...MOMENTS.map(
      ([, heading, { at, rank }]) =>
        [heading, ({ runs }: (typeof rows)[number]) => median(runs.map((run) => run[at][rank]))] as const,
    ),
    ['max', ({ all }) => all.max],
    ['calls', ({ all }) => all.count],
    ['CPU us/call', ({ runs }) => median(runs.map(({ cpuUsPerCall }) => cpuUsPerCall))],
    ['memory MiB', ({ runs }) => Math.max(...runs.flatMap(({ rssBytes }) => rssBytes ?? [])) / 2 ** 20],
    ['caller late p99', ({ runs }) => median(runs.map(({ latenessMs }) => latenessMs.p99))],
  ]);
}

type ClosedRun = SideVisit['closed'];

const closedRuns = (data: SideHopData, name: string): ClosedRun[] => runsOf(data, name).map(({ closed }) => closed);
const rightIn = ({ statuses }: ClosedRun): number => statuses[200] ?? 0;
const rateOf = (run: ClosedRun): number => rightIn(run) / run.seconds;

function closedTable(data: SideHopData): ReportTable {
  const merged = mergedBy(data, ({ closed }) => closed.latency);
  const rows = [...merged].map(([name, histogram]) => ({
    name,
    runs: closedRuns(data, name),
    all: percentilesMs(histogram),
  }));
  const load = `closed loop on ${CLOSED_CONNECTIONS} connections`;
  return reportTable(`${load}, whole answers that take the endpoint no time: latency in ms`, rows, [
    ['', ({ name }) => name],
    ['calls/s', ({ runs }) => median(runs.map(rateOf))],
    ['p50', ({ all }) => all.p50],
    ['p99', ({ all }) => all.p99],
    ['calls', ({ all }) => all.count],
    ['CPU us/call', ({ runs }) => median(runs.map(({ cpuUsPerCall }) => cpuUsPerCall))],
    ['failed', ({ runs }) => runs.reduce((sum, run) => sum + run.errors + answersOf(run) - rightIn(run), 0)],
  ]);
}

function measuresOf(data: SideHopData, name: string): Measure[] {
  const ofForm = (form: AnswerForm) => {
    const times = MOMENTS.flatMap(([id, , moment]) =>
      timeMeasures(chatTimes(data, { form, ...moment }), name, 'side_hop', `${id}.${form}.${name}`),
    );
    const costs = mapRounds(validRounds(chatRuns(data, form)), ({ cpuUsPerCall }) => cpuUsPerCall);
    return [...times, measure(`side_hop.cpu_us.${form}.${name}`, 'us', costs.get(name) ?? [])];
  };
  const rates = closedRuns(data, name).map(rateOf);
  return [...ANSWER_FORMS.flatMap(ofForm), measure(`side_hop.rate.${name}`, '1/s', rates, { better: 'higher' })];
}
