// The tables, measures and histograms of the start of a session.

import type { BenchContext, BenchResult } from '../../bench.ts';
import { withInterval } from '../../figures/format.ts';
import { createHistogram, encodeHistogram, percentilesMs, recordNs } from '../../figures/histogram.ts';
import type { Measure, ReportTable } from '../../figures/results.ts';
import { estimateMedian, median, pairedDifferences, pairedRatios } from '../../figures/statistics.ts';
import type { SessionStartData, StartPlace } from './data.ts';
import { startRounds } from './figures.ts';

const STEPS = ['tcp', 'tls', 'upgrade', 'event'] as const;
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

export function describeSessionStart(
  data: SessionStartData,
  { settings: { seed }, absent }: BenchContext,
): Omit<BenchResult, 'figures'> {
  const places = (['loopback', 'far'] as const).map((key) => ({ ...PLACES[key], place: data[key] }));
  const cells = places.flatMap(({ id, place }) => [...place.rounds.keys()].map((name) => ({ id, place, name })));
  return {
    measures: cells.flatMap(measuresOf),
    tables: places.map((where) => tableOf(where, seed)),
    plots: [],
    histograms: Object.fromEntries(
      cells.map(({ id, place, name }) => [`session-start-${id}-${name}`, encodeHistogram(totalsOf(place, name))]),
    ),
    notes: [...NOTES, ...places.flatMap((where) => failures(where, absent))],
  };
}

interface Where {
  readonly id: string;
  readonly title: string;
  readonly place: StartPlace;
}

function totalsOf(place: StartPlace, name: string) {
  const histogram = createHistogram();
  for (const visit of place.rounds.get(name) ?? [])
    for (const { total } of visit ?? []) recordNs(histogram, total * 1e6);
  return histogram;
}

function tableOf({ title, place }: Where, seed: number): ReportTable {
  const added = (name: string) => {
    const rounds = pairedDifferences(startRounds(place, name), startRounds(place, 'direct'));
    return { rounds, ...estimateMedian(rounds, seed) };
  };
  const again = added('direct-again');
  const floor = Math.max(Math.abs(again.value), ...again.interval.map(Math.abs));
  const rows = [...place.rounds.keys()].map((name) => {
    const { rounds, value, interval } = added(name);
    const isNoise = !name.startsWith('direct') && Math.abs(value) <= floor;
    const p50 = (step?: (typeof STEPS)[number]) => medianOf(startRounds(place, name, step));
    const ratio = medianOf(pairedRatios(startRounds(place, name), startRounds(place, 'direct')));
    return [
      name === 'direct-again' ? 'direct-again (noise floor)' : name,
      ...STEPS.map(p50),
      p50(),
      medianOf(startRounds(place, name, 'total', 0.9)),
      name === 'direct' || rounds.length === 0 ? null : `${withInterval(value, interval)}${isNoise ? ' (noise)' : ''}`,
      name === 'direct' ? null : ratio,
      percentilesMs(totalsOf(place, name)).count,
    ];
  });
  return {
    title: `session start, ${title}: ms (medians of rounds)`,
    columns: [
      '',
      'TCP',
      'TLS',
      'upgrade',
      'first event',
      'total p50',
      'total p90',
      'added p50',
      'p50 / direct',
      'starts',
    ],
    rows,
  };
}

function medianOf(rounds: readonly (number | undefined)[]): number | null {
  const values = rounds.filter((round) => round !== undefined);
  return values.length > 0 ? median(values) : null;
}

function measuresOf({ id, place, name }: { id: string; place: StartPlace; name: string }): Measure[] {
  const [own, direct] = [startRounds(place, name), startRounds(place, 'direct')];
  const common = { unit: 'ms', better: 'lower' } as const;
  const idOf = (what: string) => `session_start.${what}.${id}.${name}`;
  const total = { ...common, id: idOf('total_ms'), rounds: own.filter((value) => value !== undefined), paired: false };
  if (name === 'direct') return [total];
  return [
    total,
    { ...common, id: idOf('added_ms'), rounds: pairedDifferences(own, direct), paired: true },
    { ...common, unit: 'ratio', id: idOf('vs_direct'), rounds: pairedRatios(own, direct), paired: true },
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
