// The tables, measures and histograms of the start of a session.

import type { BenchContext } from '../../bench.ts';
import { addedCells, measure, reportTable, rowName } from '../../figures/describe.ts';
import { createHistogram, encodeHistogram, recordNs } from '../../figures/histogram.ts';
import type { Measure, ReportTable } from '../../figures/results.ts';
import { runsOf } from '../../figures/rounds.ts';
import { median, pairedDifferences, pairedRatios } from '../../figures/statistics.ts';
import { besideDirect, type SessionStartData, type StartPlace, startCosts, startTimes } from './data.ts';
import type { SessionStart } from './process.ts';

const PLACES = {
  loopback: { id: 'loopback', title: 'loopback, no TLS' },
  far: {
    id: '60ms',
    title: '10 ms from client to gateway, 60 ms from gateway to provider, 70 ms directly, TLS on both legs',
  },
} as const;
const NOTES = [
  'session-start, 60 ms: the round trip of the TCP handshake is counted with TLS, before whose first bytes it is waited for.',
  'session-start, 60 ms: only time is modelled: no loss, no bandwidth; a round trip takes about 1 ms more than it says.',
];

export function describeSessionStart(data: SessionStartData, { settings: { seed }, absent }: BenchContext) {
  const places = (['loopback', 'far'] as const).map((key) => ({ ...PLACES[key], place: data[key] }));
  const cells = places.flatMap(({ id, place }) => [...place.rounds.keys()].map((name) => ({ id, place, name })));
  return {
    measures: cells.flatMap(measuresOf),
    tables: places.map((where) => tableOf(where, seed)),
    histograms: Object.fromEntries(
      cells.map(({ id, place, name }) => [`session-start-${id}-${name}`, histogramOf(startsOf(place, name))]),
    ),
    notes: [...NOTES, ...places.flatMap((where) => failures(where, absent))],
  };
}

interface Where {
  readonly id: string;
  readonly title: string;
  readonly place: StartPlace;
}

const startsOf = ({ rounds }: StartPlace, name: string): SessionStart[] =>
  runsOf(rounds, name).flatMap(({ starts }) => starts);

function histogramOf(starts: readonly SessionStart[]): string {
  const histogram = createHistogram();
  for (const { total } of starts) recordNs(histogram, total * 1e6);
  return encodeHistogram(histogram);
}

function tableOf({ title, place }: Where, seed: number): ReportTable {
  const middle = (name: string, step?: Exclude<keyof SessionStart, 'mint'>, at?: number) =>
    median(startTimes(place, step, at).get(name) ?? []);
  return reportTable(`session start, ${title}: ms (medians of rounds)`, place.rounds.keys(), [
    ['', rowName],
    ['TCP', (name) => middle(name, 'tcp')],
    ['TLS', (name) => middle(name, 'tls')],
    ['upgrade', (name) => middle(name, 'upgrade')],
    ['first event', (name) => middle(name, 'event')],
    ['total p50', (name) => middle(name)],
    ['total p90', (name) => middle(name, 'total', 0.9)],
    ['added p50', addedCells(startTimes(place), seed)],
    ['p50 / direct', (name) => (name === 'direct' ? null : median(besideDirect(place, name, pairedRatios)))],
    ['starts', (name) => startsOf(place, name).length],
    ['CPU us/start', (name) => median(startCosts(place).get(name) ?? [])],
  ]);
}

function measuresOf({ id, place, name }: { id: string; place: StartPlace; name: string }): Measure[] {
  const idOf = (what: string) => `session_start.${what}.${id}.${name}`;
  const total = measure(idOf('total_ms'), 'ms', startTimes(place).get(name) ?? []);
  if (name === 'direct') return [total];
  return [
    total,
    measure(idOf('added_ms'), 'ms', besideDirect(place, name, pairedDifferences), { paired: true }),
    measure(idOf('vs_direct'), 'ratio', besideDirect(place, name, pairedRatios), { paired: true }),
    measure(idOf('cpu_us'), 'us', startCosts(place).get(name) ?? []),
  ];
}

/** Contenders that failed. Those that did not take part at all are in the manifest. */
function failures({ id, place }: Where, absent: BenchContext['absent']): string[] {
  const failed = [...place.absent].filter(([name]) => !absent.has(name));
  const holes = [...place.rounds].flatMap(([name, visits]) => {
    const count = visits.filter((visit) => visit === undefined).length;
    return count > 0 ? [[name, `${count} of ${visits.length} rounds failed`] as const] : [];
  });
  return [...failed, ...holes].map(([name, reason]) => `session-start, ${id}, ${name}: ${reason}`);
}
