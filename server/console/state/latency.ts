// Times of the turns as the page saw them, and their summary over many turns. All functions here are pure.

import type { SessionReport } from '../api/gateway.ts';

/** Moments of a turn, monotonic milliseconds. `speech-end`: the last audible sound of the caller that the page sent. */
export type MarkName = 'speech-end' | 'commit' | 'request' | 'first-text' | 'first-audio' | 'playback' | 'done';

export interface TimedTurn {
  readonly id: number;
  readonly marks: Readonly<Partial<Record<MarkName, number>>>;
  readonly outcome: 'open' | 'completed' | 'cancelled' | 'failed' | 'incomplete' | 'unanswered';
  /** The page stopped to play the reply, whatever the provider still says of it. */
  readonly silenced?: true;
  /** Microseconds that the gateway had measured by the end of the turn; see `gatewayUs`. */
  readonly gatewayUs?: number | undefined;
}

export interface TurnStage {
  readonly name: 'noticed' | 'answered' | 'buffered';
  readonly label: string;
  /** Milliseconds from the turn's origin. */
  readonly startMs: number;
  readonly endMs: number;
}

/** Splits a turn into consecutive stages from its origin. Stages whose marks are missing are left out. */
export function stagesOf({ marks }: TimedTurn): TurnStage[] {
  const origin = originOf(marks);
  if (origin === undefined) return [];
  const asked = marks.commit ?? marks.request ?? origin;
  const answered = marks['first-audio'] ?? marks['first-text'];
  const stages: TurnStage[] = [];
  const add = (stage: Pick<TurnStage, 'name' | 'label'>, from: number, to: number) => {
    if (to > from) stages.push({ ...stage, startMs: from - origin, endMs: to - origin });
  };
  add({ name: 'noticed', label: 'end of speech noticed' }, origin, asked);
  if (answered === undefined) return stages;
  const what = marks['first-audio'] === undefined ? 'first text' : 'first audio';
  add({ name: 'answered', label: `${what} received` }, asked, answered);
  if (marks.playback !== undefined) add({ name: 'buffered', label: 'playback starts' }, answered, marks.playback);
  return stages;
}

function originOf(marks: TimedTurn['marks']): number | undefined {
  return marks['speech-end'] ?? marks.commit ?? marks.request;
}

/** Milliseconds from the turn's origin until the caller hears (or reads) the reply. */
export function turnTotalMs({ marks }: TimedTurn): number | undefined {
  const origin = originOf(marks);
  const end = marks.playback ?? marks['first-audio'] ?? marks['first-text'];
  return origin === undefined || end === undefined ? undefined : Math.max(0, end - origin);
}

interface LatencySummary {
  readonly id: string;
  readonly label: string;
  readonly count: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

const measures: readonly { id: string; label: string; from: MarkName; to: MarkName }[] = [
  { id: 'heard', label: 'Speech end to playback', from: 'speech-end', to: 'playback' },
  { id: 'noticed', label: 'Speech end to commit', from: 'speech-end', to: 'commit' },
  { id: 'audio', label: 'Commit to first audio', from: 'commit', to: 'first-audio' },
  { id: 'buffered', label: 'First audio to playback', from: 'first-audio', to: 'playback' },
  { id: 'text-audio', label: 'Text sent to first audio', from: 'request', to: 'first-audio' },
  { id: 'text', label: 'Text sent to first text', from: 'request', to: 'first-text' },
];

/** Summary of each measure that at least one turn has. */
export function summariseTurns(turns: readonly TimedTurn[]): LatencySummary[] {
  return measures.flatMap(({ id, label, from, to }) => {
    const values = turns.flatMap(({ marks }) => {
      const [start, end] = [marks[from], marks[to]];
      return start === undefined || end === undefined ? [] : [Math.max(0, end - start)];
    });
    if (values.length === 0) return [];
    return [{ id, label, count: values.length, p50Ms: percentile(values, 50), p95Ms: percentile(values, 95) }];
  });
}

/** Percentile by nearest rank; NaN for no values. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

/**
 * Microseconds of a turn that the median frames spent inside the gateway's process, without the network: a turn passes it once
 * up (its last audio or text) and once down (the first of the reply). Undefined until both directions were measured.
 */
export function gatewayUs({ residenceUs: { upstream, downstream } }: SessionReport): number | undefined {
  return upstream.count === 0 || downstream.count === 0 ? undefined : upstream.p50 + downstream.p50;
}

/** The gateway's share of a turn, 0 to 1. */
export function gatewayFraction(us: number, totalMs: number | undefined): number | undefined {
  return totalMs !== undefined && totalMs > 0 ? us / (totalMs * 1000) : undefined;
}
