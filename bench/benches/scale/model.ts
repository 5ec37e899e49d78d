// The model of many machines: what a session, a frame and a start cost, as the committed report has measured them, and what is assumed of callers,
// machines, prices and limits. A file with some of these keys replaces them.

import { z } from 'zod';
import type { Results } from '../../figures/results.ts';
import { median } from '../../figures/statistics.ts';

const share = z.number().min(0).max(1);
const part = z.number().positive().max(1);
const amount = z.number().positive();
const count = z.number().int().positive();

const measured = {
  frameUs: amount.describe('CPU us of a frame, one direction, plain TCP on both legs'),
  tlsRatio: amount.describe('CPU of a frame with TLS on the leg to the provider, over the same without'),
  startUs: amount.describe('CPU us of the start and the end of a session, in all processes'),
  sessionKib: amount.describe('KiB of a session, in all processes'),
};

const assumed = {
  frameMs: amount.default(40).describe('ms of audio in a frame'),
  speakShare: share
    .default(0.4)
    .describe('part of the time in which the provider speaks; the client sends all the time'),
  turnsPerMinute: amount.default(4).describe('turns of a session in a minute'),
  medianSeconds: amount.default(180).describe('length of a session, median of the log-normal distribution'),
  sigma: amount.default(1).describe('its sigma'),
  capSeconds: count.max(14_400).default(3600).describe('longest session: the cap of the provider'),
  peakHour: z.number().min(0).max(24).default(14).describe('hour of the most arrivals; they follow a cosine'),
  troughShare: share.default(0.2).describe('arrivals at night over those of the peak'),
  cores: count.default(4).describe('cores of a machine, each with a gateway process'),
  memoryGib: amount.default(8).describe('memory of a machine, GiB'),
  baseMib: amount.default(500).describe('memory of a machine without a session, MiB'),
  descriptors: count.default(524_288).describe('descriptors of a process; a session takes two'),
  machineUsd: amount.default(0.17).describe('price of a machine for an hour, USD'),
  storeUsd: amount.default(0.7).describe('price of a Postgres for an hour, USD'),
  targetCpu: part.default(0.5).describe('CPU of a machine at the peak, of which the number of machines follows'),
  mostCpu: part.default(0.8).describe('CPU at which `limits.maxSessions` of a machine is set'),
  machines: count.optional().describe('machines; left out: as many as the target asks for'),
  zones: count.default(3).describe('zones, of which one dies'),
  balancer: z.enum(['least', 'round-robin']).default('least').describe('least: the emptier of two that were drawn'),
  noticeSeconds: count.default(10).describe('time after which the balancer leaves out a machine that is gone'),
  clientNoticeSeconds: count.default(30).describe('longest time until a client notices that its machine is gone'),
  deathHour: z.number().min(0).default(14).describe('hour at which a zone dies'),
  deathMinutes: count.default(60).describe('time until it is back'),
  deployHour: z.number().min(0).default(10).describe('hour of the rolling deploy'),
  deployShare: share.default(0.1).describe('machines that drain at once'),
  drainSeconds: count.default(600).describe('`limits.drainMs`'),
  restartSeconds: count.default(10).describe('time from the end of a drain until the machine serves'),
  maxUpgrades: count.default(1000).describe('`limits.maxUpgrades` of a process'),
  upgradeSeconds: count.default(10).describe('time after which an upgrade is given up'),
  stores: count
    .optional()
    .describe('Postgres servers, each with its part of the machines; left out: as many as are half full'),
  storeStatements: amount.default(20_000).describe('statements a second of one Postgres'),
  storeConnections: count.default(1000).describe('connections of one Postgres'),
  poolSize: count.default(10).describe('connections of a machine to its store'),
  batchesPerSecond: amount
    .default(10)
    .describe('batches of events that a gateway process sends its side process: it waits 100 ms for more'),
  outboxItems: count.default(10_000).describe('`side.outboxItems` of a process'),
  hasPlaces: z.boolean().default(true).describe('keys have `maxSessions`, which machines share in the store'),
  providerSessions: count
    .optional()
    .describe('sessions at once that the accounts at the provider allow; left out: unbounded'),
  providerStarts: count.optional().describe('starts a second that they allow; left out: unbounded'),
  hours: z.number().positive().max(48).default(24).describe('hours that are simulated, from midnight'),
};

const modelSchema = z.strictObject({ ...measured, ...assumed });
export type ScaleModel = Readonly<z.output<typeof modelSchema>>;
export type MeasuredCosts = Pick<ScaleModel, keyof typeof measured>;

/** Throws where `own` says something that is no figure of the model. */
export const createModel = (costs: MeasuredCosts, own: unknown = {}): ScaleModel => {
  const given = z.record(z.string(), z.unknown()).safeParse(own);
  const parsed = given.success ? modelSchema.safeParse({ ...costs, ...given.data }) : given;
  if (!parsed.success) throw new Error(`not the figures of a model: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
};

/** Reads figures of the reader's own. */
export function ownFigures(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`not the figures of a model: expected JSON: ${(error as Error).message}`);
  }
}

/** A figure of the model: its key, what it is, and its value. */
interface ModelFigure {
  readonly key: string;
  readonly meaning: string;
  readonly value: string | number | null;
  readonly isMeasured: boolean;
}

/** All of them in their order, those that were measured first. */
export function figuresOf(model: ScaleModel, costs: MeasuredCosts): ModelFigure[] {
  return Object.entries(modelSchema.shape).map(([key, type]) => {
    const value = model[key as keyof ScaleModel];
    const isMeasured = key in measured && value === costs[key as keyof MeasuredCosts];
    const written = typeof value === 'boolean' ? String(value) : (value ?? null);
    return { key, meaning: type.description ?? '', value: written, isMeasured };
  });
}

/** Takes the costs from a report. Throws where it has not measured them. */
export function costsIn({ benches }: Results): MeasuredCosts {
  const measures = new Map(benches.flatMap((bench) => bench.measures.map(({ id, rounds }) => [id, rounds] as const)));
  const of = (id: string): number => {
    const rounds = measures.get(id);
    if (rounds === undefined) throw new Error(`the report has no ${id}`);
    return median(rounds);
  };
  const load = '100.up-2600-40ms.trunkline';
  const tls = 'provider.up-2600-40ms.trunkline';
  return {
    // A session sends a frame each way in every 40 ms.
    frameUs: 20_000 / of('capacity.sessions_per_core.40ms.trunkline'),
    tlsRatio: of(`hop_tls.cpu_us.${tls}`) / of(`hop.cpu_us.${load}`),
    startUs: of('session_start.cpu_us.loopback.trunkline'),
    sessionKib: of('capacity.idle_kib.trunkline'),
  };
}
