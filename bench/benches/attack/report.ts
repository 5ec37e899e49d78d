// The tables, measures and notes of the attack.

import type { Direction } from '../../../codecs/websocket/frame.ts';
import { encodedAs, faultsIn, measure, mergedBy, reportTable } from '../../figures/describe.ts';
import { withInterval } from '../../figures/format.ts';
import type { Measure, ReportTable } from '../../figures/results.ts';
import { mapRounds, runsOf } from '../../figures/rounds.ts';
import { bootstrap, median, pairedRatios, pairsOf, ratioOfMedians } from '../../figures/statistics.ts';
import { DIRECTIONS } from '../../load/audio-load.ts';
import { type AttackData, type AttackRun, PHASES, type Phase, p99s } from './data.ts';

interface AttackPlan {
  /** Sessions of each attack, and of honest calls. */
  readonly sessions: number;
  readonly seed: number;
}

export function describeAttack(data: AttackData, { sessions, seed }: AttackPlan) {
  const names = [...data.runs.keys()];
  return {
    measures: names.flatMap((name) => measuresOf(data, name)),
    tables: [...DIRECTIONS.map((direction) => latencyTable(data, direction, { sessions, seed })), machineTable(data)],
    histograms: Object.fromEntries(DIRECTIONS.flatMap((direction) => histogramsOf(data, direction))),
    notes: names.flatMap((name) => notesOf(data, name)),
  };
}

function histogramsOf({ runs }: AttackData, direction: Direction): [string, string][] {
  return PHASES.flatMap((phase) => {
    const honest = mapRounds(runs, (run) => run[phase].honest.get(direction));
    return encodedAs(
      `attack-${direction}-${phase}`,
      mergedBy(honest, ({ latency }) => latency),
    );
  });
}

function latencyTable(data: AttackData, direction: Direction, { sessions, seed }: AttackPlan): ReportTable {
  const bytes = direction === 'upstream' ? 2600 : 6500;
  const title = `${direction}, ${sessions} honest sessions, ${bytes} B every 40 ms: ms (medians of rounds)`;
  const of = (phase: Phase, rank: 'p50' | 'p99' | 'max') => (name: string) =>
    median(runsOf(data.runs, name).map((run) => run[phase].honest.get(direction)?.latencyMs[rank]));
  return reportTable(title, data.runs.keys(), [
    ['', (name) => name],
    ['quiet p50', of('quiet', 'p50')],
    ['p99', of('quiet', 'p99')],
    ['attack p50', of('attack', 'p50')],
    ['p99', of('attack', 'p99')],
    ['max', of('attack', 'max')],
    [
      'p99 ratio, with 95 % interval',
      (name) => {
        const [attack, quiet] = (['attack', 'quiet'] as const).map((phase) => p99s(data, phase, direction).get(name));
        const pairs = pairsOf(attack ?? [], quiet ?? []);
        return pairs.length === 0 ? null : withInterval(bootstrap(pairs, ratioOfMedians, seed));
      },
    ],
  ]);
}

/** Checks that the attack was one, and shows who had the cores. */
function machineTable({ runs }: AttackData): ReportTable {
  const seenIn = (row: { phase: Phase; runs: readonly AttackRun[] }, value: (run: AttackRun) => number) =>
    row.phase === 'quiet' ? null : median(row.runs.map(value));
  const rows = [...runs.keys()].flatMap((name) => PHASES.map((phase) => ({ name, phase, runs: runsOf(runs, name) })));
  return reportTable('the machine meanwhile (medians of rounds)', rows, [
    ['', ({ name, phase }) => `${name}, ${phase}`],
    ['event loop delay ms', ({ phase, runs }) => median(runs.map((run) => run[phase].loopLagMs))],
    ['gateway, cores', ({ phase, runs }) => median(runs.map((run) => run[phase].gatewayCores))],
    ['attackers, cores', ({ phase, runs }) => median(runs.map((run) => run[phase].attackerCores))],
    ['frames/s offered', (row) => seenIn(row, ({ seen, seconds }) => seen.offered / seconds)],
    ['frames/s sent', (row) => seenIn(row, ({ seen, seconds }) => seen.taken / seconds)],
    ['attackers ended', (row) => seenIn(row, ({ seen }) => seen.ended)],
  ]);
}

function measuresOf(data: AttackData, name: string): Measure[] {
  const lag = runsOf(data.runs, name).map(({ attack }) => attack.loopLagMs);
  return [
    ...DIRECTIONS.flatMap((direction) => {
      const [quiet, attack] = PHASES.map((phase) => p99s(data, phase, direction).get(name) ?? []);
      return [
        measure(`attack.p99_ms.${direction}.${name}`, 'ms', attack ?? []),
        measure(`attack.p99_ratio.${direction}.${name}`, 'ratio', pairedRatios(attack ?? [], quiet ?? []), {
          paired: true,
        }),
      ];
    }),
    measure(`attack.loop_lag_ms.${name}`, 'ms', lag),
  ];
}

function notesOf({ runs }: AttackData, name: string): string[] {
  return PHASES.flatMap((phase) =>
    DIRECTIONS.flatMap((direction) =>
      faultsIn(runsOf(runs, name).map((run) => run[phase].honest.get(direction))).map(
        (fault) => `${name}, ${phase}, ${direction}: ${fault}`,
      ),
    ),
  );
}
