// The tables and plots of scale.

import { type Column, reportTable } from '../../figures/describe.ts';
import type { ReportPlot, ReportTable } from '../../figures/results.ts';
import { figuresOf, type MeasuredCosts, type ScaleModel } from './model.ts';
import { type FleetPlan, resourcesOf, sentAt } from './plan.ts';
import { type DayOutcome, REASONS, type Recovery } from './simulation.ts';
import { BATCH_EVENTS, STATEMENTS, type StatementCount } from './statements.ts';

/** One simulated day. */
export interface ScaleRun {
  readonly name: string;
  readonly model: ScaleModel;
  readonly plan: FleetPlan;
  readonly day: DayOutcome;
}

interface ScaleData {
  readonly costs: MeasuredCosts;
  readonly model: ScaleModel;
  /** By the number of sessions. */
  readonly sizes: readonly ScaleRun[];
  /** One number of sessions with something changed in the model. The first has nothing changed. */
  readonly changed: readonly ScaleRun[];
}

const PHASES = ['usual', 'deploy', 'death'] as const;
const PHASE_NAMES = { usual: '', deploy: ', rolling deploy', death: ', a zone dies' } as const;

export const describeScale = ({ costs, model, sizes, changed }: ScaleData) => ({
  tables: [
    ...[planTable(sizes), resourceTable(sizes), statementTable(sizes), countTable(), dayTable(sizes)],
    ...(changed.length > 0 ? [changedTable(changed)] : []),
    modelTable(model, costs),
  ],
  plots: [livePlot(sizes)],
  notes: [
    'Nothing in these tables was measured but what the last one says: the rest follows from it, by the plan and the simulated day.',
    'Each session is simulated: callers come second by second, and machines hold numbers of sessions by the second of their end. What is shorter than a second is one.',
    'The plan has as many machines as the peak asks for, and as many Postgres servers as are half full then; both stay all day.',
  ],
});

type Line = readonly [what: string, of: (run: ScaleRun) => number | string | null];

const sizeTable = (title: string, runs: readonly ScaleRun[], lines: readonly Line[]): ReportTable =>
  reportTable(title, lines, [
    ['', ([what]) => what],
    ...runs.map((run): Column<Line> => [run.name, ([, of]) => of(run)]),
  ]);

const planTable = (runs: readonly ScaleRun[]): ReportTable =>
  sizeTable('the plan, by sessions at the peak of the day', runs, [
    ['machines', ({ plan }) => plan.machines],
    ['sessions of a machine', ({ plan }) => plan.sessions / plan.machines],
    ['sessions that its CPU could carry', ({ plan }) => plan.limits.cpu],
    ['`limits.maxSessions` of a machine', ({ plan }) => plan.limits.maxSessions],
    ['arrivals a second', ({ plan }) => plan.arrivals],
    ['connections of clients', ({ plan }) => plan.sessions],
    ['connections to providers', ({ plan }) => plan.sessions],
    ['connections to stores', ({ plan, model }) => plan.machines * model.poolSize],
    ['statements a second', (run) => sentAtPeak(run)],
    ['Postgres servers', ({ plan }) => plan.stores],
    ['USD an hour, machines', ({ plan, model }) => plan.machines * model.machineUsd],
    ['USD an hour, Postgres', ({ plan, model }) => plan.stores * model.storeUsd],
    ['USD for 1,000 session-hours of the day', usdOfHours],
    ['the same if machines came and went with the load', usdAtTarget],
  ]);

const usdAnHour = ({ plan, model }: ScaleRun): number =>
  plan.machines * model.machineUsd + plan.stores * model.storeUsd;

const usdOfHours = (run: ScaleRun): number => (usdAnHour(run) * run.model.hours * 1000) / run.day.sessionHours;

const usdAtTarget = (run: ScaleRun): number => (usdAnHour(run) * 1000) / run.plan.sessions;

const sentAtPeak = ({ plan, model }: ScaleRun, change: Partial<ScaleModel> = {}): number =>
  sentAt(
    { ...model, ...change },
    { machines: plan.machines, sessions: plan.sessions, started: plan.arrivals, ended: plan.arrivals },
  );

function resourceTable(runs: readonly ScaleRun[]): ReportTable {
  const bySize = runs.map(({ model, plan }) => resourcesOf(model, plan));
  const useIn = (index: number, name: string) => bySize[index]?.find((resource) => resource.name === name)?.use;
  const title = 'what is full first: use at the peak in %, of one Postgres, one machine and one account';
  return reportTable(title, bySize.at(-1) ?? [], [
    ['', ({ name }) => name],
    ...runs.map(
      ({ name: size }, index): Column<(typeof bySize)[number][number]> => [
        size,
        ({ name }) => 100 * (useIn(index, name) ?? Number.NaN),
      ],
    ),
    [
      '80 % at sessions',
      ({ name, isShared }) =>
        isShared ? (0.8 * (runs.at(-1)?.plan.sessions ?? 0)) / (useIn(-1 + runs.length, name) ?? 1) : null,
    ],
    ['cure', ({ cure }) => cure],
  ]);
}

const statementTable = (runs: readonly ScaleRun[]): ReportTable =>
  sizeTable('statements a second at the peak, `begin` and `commit` counted', runs, [
    ['all', (run) => sentAtPeak(run)],
    ['places of sessions', (run) => sentAtPeak(run) - sentAtPeak(run, { hasPlaces: false })],
    ['looks of idle machines', ({ plan, model }) => sentAt(model, { ...NOTHING, machines: plan.machines })],
    ['for each session from start to end', (run) => sentAtPeak(run) / run.plan.arrivals],
    ['all, were batches sent once a second', (run) => sentAtPeak(run, { batchesPerSecond: 1 })],
  ]);

const NOTHING = { sessions: 0, started: 0, ended: 0 };

/** Counts of the store's statements, as a test holds them. */
function countTable(): ReportTable {
  const { events, session, calls, looks } = STATEMENTS;
  const rows: (readonly [what: string, count: StatementCount])[] = [
    ...Object.entries(events).flatMap(([kind, { alone, batch }]) => [
      [NAMES[kind] ?? kind, alone] as const,
      [`${BATCH_EVENTS} of them in a batch`, batch] as const,
    ]),
    ...Object.entries({ ...session, ...calls, ...looks }).map(([name, count]) => [NAMES[name] ?? name, count] as const),
  ];
  return reportTable('statements that are sent to the store, as a test counts them on SQLite and Postgres', rows, [
    ['', ([what]) => what],
    ['statements', ([, { statements }]) => statements],
    ['transactions', ([, { commits }]) => commits],
  ]);
}

const NAMES: Readonly<Record<string, string>> = {
  started: 'start of a session',
  turn: 'turn',
  ended: 'end',
  handedOut: 'id that a provider handed out, such as a handle of Gemini',
  placeTaken: 'session of a key with `maxSessions`: its place',
  placeGiven: 'and when it is given back',
  sliceTaken: 'session with a limit of money: a slice of a budget',
  slicesHeld: 'slices of all sessions of a process, held',
  turnWithSlice: 'session with a slice: turn',
  endWithSlice: 'session with a slice: end',
  secretRead: 'session with a client secret: the secret',
  secretUsed: 'and its use',
  reservedAndLeased: 'call that reserves in the store, and leases for those after it',
  settled: 'its settlement',
  leasedAlone: 'call that reserves from a lease',
  leasedBatch: `${BATCH_EVENTS} of them at once`,
  keysRead: 'look at keys, each second',
  budgetsRead: 'look at budgets, each second',
  tasksClaimed: 'look for tasks, twice a second',
  leaseRenewed: 'lease of an instance, every ten seconds',
};

const dayTable = (runs: readonly ScaleRun[]): ReportTable =>
  sizeTable('the simulated day', runs, [
    ['sessions', ({ day }) => day.arrivals],
    ['session-hours', ({ day }) => day.sessionHours],
    ['ended by the cap of the provider', ({ day }) => day.capped],
    ...PHASES.flatMap((phase): Line[] => [
      [`live at most${PHASE_NAMES[phase]}`, ({ day }) => day.peaks[phase].sessions],
      [`starts a second at most${PHASE_NAMES[phase]}`, ({ day }) => day.peaks[phase].starts],
      [`CPU of the busiest machine${PHASE_NAMES[phase]}, %`, ({ day }) => 100 * day.peaks[phase].cpu],
      [`statements a second at most${PHASE_NAMES[phase]}`, ({ day }) => day.peaks[phase].statements],
    ]),
    ...lossLines('deploy', 'the deploy'),
    ...lossLines('death', 'the death of a zone'),
    ...REASONS.filter((reason) => runs.some(({ day }) => day.refused[reason] > 0)).map(
      (reason): Line => [`tries refused: ${reason}`, ({ day }) => day.refused[reason]],
    ),
    ['callers who gave up', ({ day }) => day.gaveUp],
  ]);

const lossLines = (by: 'deploy' | 'death', name: string): Line[] => [
  [`sessions cut off by ${name}`, ({ day }) => day.cut[by].sessions],
  [`callers who gave up after ${name}`, ({ day }) => day.cut[by].gaveUp],
  [`half of these back after s`, ({ day }) => backAfter(day.cut[by], 0.5)],
  [`99 % of these back after s`, ({ day }) => backAfter(day.cut[by], 0.99)],
  [`all of these back after s`, ({ day }) => backAfter(day.cut[by], 1)],
];

/** Seconds after which this part of those who came back at all was back; null where nobody did. */
function backAfter({ seconds }: Recovery, part: number): number | null {
  const all = seconds.reduce((sum, count = 0) => sum + count, 0);
  let [back, after] = [0, 0];
  while (back < part * all) back += seconds[after++] ?? 0;
  return after === 0 ? null : after - 1;
}

function changedTable(runs: readonly ScaleRun[]): ReportTable {
  const refused = ({ day }: ScaleRun) => REASONS.reduce((sum, reason) => sum + day.refused[reason], 0);
  return reportTable(`what a change does to ${(runs[0]?.plan.sessions ?? 0).toLocaleString('en')} sessions`, runs, [
    ['', ({ name }) => name],
    ['machines', ({ plan }) => plan.machines],
    ['Postgres', ({ plan }) => plan.stores],
    ['USD for 1,000 session-hours', usdOfHours],
    ['CPU at most, %', ({ day }) => 100 * Math.max(...PHASES.map((phase) => day.peaks[phase].cpu))],
    ['statements a second at most', ({ day }) => Math.max(...PHASES.map((phase) => day.peaks[phase].statements))],
    ['tries refused', refused],
    ['gave up', ({ day }) => day.gaveUp],
    ['99 % back after a death, s', ({ day }) => backAfter(day.cut.death, 0.99)],
  ]);
}

const modelTable = (model: ScaleModel, costs: MeasuredCosts): ReportTable =>
  reportTable('the figures of the model', figuresOf(model, costs), [
    ['', ({ key }) => key],
    ['value', ({ value }) => value ?? 'not given'],
    ['from', ({ isMeasured }) => (isMeasured ? 'measured' : 'assumed')],
    ['meaning', ({ meaning }) => meaning],
  ]);

const livePlot = (runs: readonly ScaleRun[]): ReportPlot => ({
  title: 'live sessions over those of the peak, by the hour',
  x: { label: 'hour', scale: 'linear', values: (runs[0]?.day.series ?? []).map((_, index) => index / 12) },
  y: { label: 'share', scale: 'linear' },
  series: runs.map(({ name, plan, day }) => ({ name, values: day.series.map((live) => live / plan.sessions) })),
});
