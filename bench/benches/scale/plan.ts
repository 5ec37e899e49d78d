// The plan for a number of sessions: what one machine carries of each resource, how many machines follow, and which resource is full first.

import type { ScaleModel } from './model.ts';
import { sentInSecond } from './statements.ts';

/** Sockets of a session in one process, and the ports of a machine toward one address of a provider. */
const [SOCKETS, PORTS] = [2, 28_232];
/** Part of what a store can do that is planned with. */
const STORE_TARGET = 0.5;
/** Entries of the table of lengths, which are drawn evenly. */
const LENGTHS = 4096;

/** Sessions that fill one machine, by resource. */
interface MachineLimits {
  readonly cpu: number;
  readonly memory: number;
  readonly descriptors: number;
  readonly ports: number;
  /** The value of `limits.maxSessions`. */
  readonly maxSessions: number;
}

export interface FleetPlan {
  readonly sessions: number;
  /** Divided evenly among the zones. */
  readonly machines: number;
  readonly stores: number;
  readonly limits: MachineLimits;
  /** Lengths of sessions in whole seconds. */
  readonly lengths: Uint16Array;
  readonly meanSeconds: number;
  /** Arrivals a second at the peak. */
  readonly arrivals: number;
}

/** CPU us of a live session in each second: its frames both ways. */
export const sessionUs = ({ frameUs, tlsRatio, frameMs, speakShare }: ScaleModel): number =>
  (1000 / frameMs) * (1 + speakShare) * frameUs * tlsRatio;

export function planFleet(model: ScaleModel, sessions: number): FleetPlan {
  const lengths = lengthsOf(model);
  const meanSeconds = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
  const arrivals = sessions / meanSeconds;
  const limits = limitsOf(model, meanSeconds);
  const usable = Math.min(...[limits.cpu, limits.memory, limits.descriptors].map((most) => most * model.targetCpu));
  const wanted = model.machines ?? Math.ceil(sessions / usable);
  const machines = Math.ceil(wanted / model.zones) * model.zones;
  const sent = sentAt(model, { machines, sessions, started: arrivals, ended: arrivals });
  const stores =
    model.stores ??
    Math.ceil(
      Math.max(sent / (model.storeStatements * STORE_TARGET), (machines * model.poolSize) / model.storeConnections),
    );
  return { sessions, machines, stores, limits, lengths, meanSeconds, arrivals };
}

function limitsOf(model: ScaleModel, meanSeconds: number): MachineLimits {
  const cpu = (model.cores * 1e6) / (sessionUs(model) + model.startUs / meanSeconds);
  return {
    cpu: Math.floor(cpu),
    memory: Math.floor((model.memoryGib * 1024 - model.baseMib) * (1024 / model.sessionKib)),
    descriptors: Math.floor((model.cores * model.descriptors) / SOCKETS),
    ports: PORTS,
    maxSessions: Math.floor(cpu * model.mostCpu),
  };
}

interface Moment {
  readonly machines: number;
  readonly sessions: number;
  /** A second, of all machines. */
  readonly started: number;
  readonly ended: number;
}

/** Statements a second of all machines, which have the same share of everything. */
export function sentAt(model: ScaleModel, { machines, sessions, started, ended }: Moment): number {
  const processes = machines * model.cores;
  if (processes === 0) return 0;
  const turn = (sessions * model.turnsPerMinute) / 60;
  return sentInSecond({
    rates: { started: started / processes, turn: turn / processes, ended: ended / processes },
    processes,
    instances: machines,
    batches: model.batchesPerSecond,
    hasPlaces: model.hasPlaces,
  });
}

interface Resource {
  readonly name: string;
  /** At the peak, of what there is: 1 is full. */
  readonly use: number;
  readonly cure: string;
  /** Grows with the sessions, however many machines there are. */
  readonly isShared: boolean;
}

/** The resources with their use at the planned peak, the fullest first. The store and the provider are one each here: what a plan adds is their cure. */
export function resourcesOf(model: ScaleModel, { sessions, machines, limits, arrivals }: FleetPlan): Resource[] {
  const each = sessions / machines;
  const sent = sentAt(model, { machines, sessions, started: arrivals, ended: arrivals });
  const { storeStatements, storeConnections, poolSize, providerSessions, providerStarts } = model;
  const accounts = 'accounts, or a larger quota';
  const shared = [
    { name: 'statements of one Postgres', use: sent / storeStatements, cure: 'cells, each with a Postgres' },
    { name: 'connections of one Postgres', use: (machines * poolSize) / storeConnections, cure: 'PgBouncer, or cells' },
    { name: 'sessions that the provider allows', use: sessions / (providerSessions ?? 0), cure: accounts },
    { name: 'starts a second that it allows', use: arrivals / (providerStarts ?? 0), cure: accounts },
  ];
  const own = [
    { name: 'CPU of a machine', use: each / limits.cpu, cure: 'machines' },
    { name: '`limits.maxSessions` of a machine', use: each / limits.maxSessions, cure: 'machines' },
    { name: 'memory of a machine', use: each / limits.memory, cure: 'memory' },
    { name: 'descriptors of its processes', use: each / limits.descriptors, cure: '`ulimit -n`' },
    { name: 'ports toward one address of a provider', use: each / limits.ports, cure: 'addresses of the machine' },
  ];
  return [...shared.map((one) => ({ ...one, isShared: true })), ...own.map((one) => ({ ...one, isShared: false }))]
    .filter(({ use }) => Number.isFinite(use))
    .sort((a, b) => b.use - a.use);
}

/** Evenly spaced quantiles of the log-normal distribution, of one second at least and of the cap at most. */
function lengthsOf({ medianSeconds, sigma, capSeconds }: ScaleModel): Uint16Array {
  return Uint16Array.from({ length: LENGTHS }, (_, index) => {
    const length = medianSeconds * Math.exp(sigma * normalQuantile((index + 0.5) / LENGTHS));
    return Math.round(Math.min(capSeconds, Math.max(1, length)));
  });
}

/** Quantile of the standard normal distribution: Acklam's middle and tail, exact to 1e-8 relative. */
export function normalQuantile(at: number): number {
  if (at > 0.5) return -normalQuantile(1 - at);
  const a = [
    -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239,
  ];
  const b = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1];
  const c = [
    -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
    2.938163982698783,
  ];
  const d = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1];
  const at0 = (coefficients: readonly number[], x: number) => coefficients.reduce((sum, one) => sum * x + one, 0);
  if (at < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(at));
    return at0(c, q) / at0(d, q);
  }
  const q = at - 0.5;
  return (q * at0(a, q * q)) / at0(b, q * q);
}
