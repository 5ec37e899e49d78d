// Orders targets by how quick they were lately, here: the time to the first content of streams, and of whole answers to their end. Rule: who has
// no figures yet, or none any more, is tried by every tenth call, so that a target that got better is found out.

import type { LedgerRow } from '../../../ipc/stored-rows.ts';
import type { Ordered } from './contract.ts';

/** Calls within the window that have to be there before a target has figures. */
const LEAST_CALLS = 5;
/** The newest calls of a target that count, of the last minutes. */
const MOST_CALLS = 100;
const WINDOW_MS = 5 * 60_000;
const MOST_TARGETS = 1000;
const MOST_ASKERS = 1000;
/** One call of so many tries a target without figures. */
const TRIED_EVERY = 10;
/** Part of the calls that failed, from which on a target comes after those that answer, however quick. */
const ILL_SHARE = 0.2;

/** Ends that are the target's. The others are ours, the client's, or say something of the request alone. */
const FAULTS = ['unavailable', 'timeout', 'garbled', 'limited', 'credential', 'aborted', 'broken_off'];

interface Noted {
  readonly at: number;
  /** undefined: it failed. */
  readonly tookMs: number | undefined;
}

interface LatencyFigures {
  readonly calls: number;
  /** 0 to 1. */
  readonly errorRate: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

interface Asked {
  /** The name of the class, which counts its calls. */
  readonly asker: string;
  readonly isStreamed: boolean;
}

/** Times and faults that calls of this process met. Its memory is bounded by the constants above. */
export class Latencies {
  readonly #now: () => number;
  /** By target, and whether it streamed. Those that were noted last are at the end. */
  readonly #noted = new Map<string, Noted[]>();
  readonly #counts = new Map<string, number>();

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Learns from the settled row of an attempt. One that lost to a quicker target took at least so long. */
  note(
    { label, isStreamed }: { readonly label: string; readonly isStreamed: boolean },
    { outcome, latencyMs, firstTokenMs }: Pick<LedgerRow, 'outcome' | 'latencyMs' | 'firstTokenMs'>,
  ): void {
    const isFault = FAULTS.includes(outcome);
    const tookMs = isFault ? undefined : (firstTokenMs ?? latencyMs);
    if (!isFault && (tookMs === undefined || !(outcome === 'hedged' || isAnswer(outcome)))) return;
    const of = nameOf(label, isStreamed);
    const noted = this.#noted.get(of) ?? [];
    noted.push({ at: this.#now(), tookMs });
    if (noted.length > MOST_CALLS) noted.shift();
    renewed(this.#noted, of, noted, MOST_TARGETS);
  }

  /** undefined: too few calls lately. */
  figures(label: string, isStreamed: boolean): LatencyFigures | undefined {
    const since = this.#now() - WINDOW_MS;
    const recent = (this.#noted.get(nameOf(label, isStreamed)) ?? []).filter(({ at }) => at > since);
    if (recent.length < LEAST_CALLS) return undefined;
    const times = recent.flatMap(({ tookMs }) => (tookMs === undefined ? [] : [tookMs])).sort((a, b) => a - b);
    const errorRate = (recent.length - times.length) / recent.length;
    return { calls: recent.length, errorRate, p50Ms: quantile(times, 0.5), p95Ms: quantile(times, 0.95) };
  }

  order<T extends { readonly label: string }>(targets: readonly T[], { asker, isStreamed }: Asked): Ordered<T> {
    const count = (this.#counts.get(asker) ?? 0) + 1;
    renewed(this.#counts, asker, count, MOST_ASKERS);
    const all = targets.map((target) => ({ target, figures: this.figures(target.label, isStreamed) }));
    const known = all.flatMap(({ target, figures }) => (figures === undefined ? [] : [{ target, figures }]));
    const unknown = all.filter(({ figures }) => figures === undefined).map(({ target }) => target);
    const quickest = known.sort((one, other) => compared(one.figures, other.figures));
    const ordered = quickest.map(({ target }) => target);
    const [first] = quickest;
    if (first === undefined) return { targets, why: undefined };
    if (unknown.length === 0 || count % TRIED_EVERY !== 0)
      return { targets: [...ordered, ...unknown], why: `fastest of ${targets.length}: ${words(first.figures)}` };
    const tried = unknown[(count / TRIED_EVERY) % unknown.length] as T;
    const others = unknown.filter((target) => target !== tried);
    return { targets: [tried, ...ordered, ...others], why: 'tried, since it has no figures of late' };
  }
}

const nameOf = (label: string, isStreamed: boolean): string => `${isStreamed ? 'stream' : 'whole'} ${label}`;

/** Answers that escalate came, too. */
const isAnswer = (outcome: string): boolean => ['ok', 'misfit', 'low-score', 'refusal', 'length'].includes(outcome);

function compared(one: LatencyFigures, other: LatencyFigures): number {
  const isIll = [one, other].map(({ errorRate }) => errorRate >= ILL_SHARE);
  if (isIll[0] !== isIll[1]) return isIll[0] ? 1 : -1;
  if (isIll[0] && one.errorRate !== other.errorRate) return one.errorRate - other.errorRate;
  return one.p95Ms - other.p95Ms || one.p50Ms - other.p50Ms;
}

function words({ p95Ms, errorRate }: LatencyFigures): string {
  const failed = errorRate > 0 ? `, ${Math.round(errorRate * 100)} % failed` : '';
  return `p95 ${Math.round(p95Ms)} ms${failed}`;
}

/** Takes times in order. Without any it is the longest that there is: who failed always is the slowest. */
function quantile(times: readonly number[], share: number): number {
  return times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.MAX_SAFE_INTEGER;
}

/** Puts an entry at the end, and drops the oldest of too many. */
function renewed<V>(map: Map<string, V>, name: string, value: V, most: number): void {
  map.delete(name);
  map.set(name, value);
  if (map.size > most) map.delete(map.keys().next().value as string);
}
