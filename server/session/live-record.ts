// The record of a session of two sockets while it lives, and once it has ended: what it has used, its counts and its timeline.

import { performance } from 'node:perf_hooks';
import type { SessionBefore, SessionRecord, SessionUsage } from '../ipc/session-record.ts';
import type { CloseReason } from './close-reason.ts';
import { legsBehind } from './legs/leg-list.ts';
import type { SessionMeter } from './meter/meter.ts';
import { type SessionSubject, summaryOf } from './subject.ts';
import { usageOf } from './tap/billed-usage.ts';
import type { Tap } from './tap/tap.ts';
import { timelineOf } from './tap/timeline.ts';
import { usageBehind } from './tap/usage-totals.ts';

export type SessionState =
  | { readonly name: 'open'; readonly stopTimers: () => void }
  | { readonly name: 'closing'; readonly reason: CloseReason; readonly closeCode: number }
  | { readonly name: 'closed'; readonly reason: CloseReason; readonly closeCode: number; readonly durationMs: number };

interface LiveRecordOptions {
  readonly subject: SessionSubject;
  readonly tap: Tap;
  state(): SessionState;
  meter(): SessionMeter | undefined;
  resume(): SessionRecord['resume'];
  legs(): SessionRecord['legs'];
  /** The part of the session in another process. */
  readonly before?: SessionBefore | undefined;
}

export class LiveRecord {
  readonly startedMs: number;
  readonly #startedAt = new Date();
  readonly #options: LiveRecordOptions;

  /** `startedMs`: monotonic. */
  constructor(options: LiveRecordOptions, startedMs: number) {
    this.#options = options;
    this.startedMs = startedMs;
  }

  usage(): SessionUsage {
    const { subject, tap, before } = this.#options;
    const own = usageOf(subject, tap.usage(), tap, this.#ownMs);
    return before === undefined ? own : usageBehind(before.usage, own);
  }

  /** The summary, and the timeline. */
  whole(links: Parameters<typeof timelineOf>[0]['links']): SessionRecord {
    const { subject, tap, before } = this.#options;
    const times = { startedAt: this.#startedAt, startedMs: this.startedMs };
    const own = timelineOf({ subject, ...times, links, moments: tap.moments.all });
    return { ...this.summary(), timeline: [...(before?.timeline ?? []), ...own] };
  }

  /** The record without its timeline, for lists and the log. */
  summary(): SessionRecord {
    const { subject, tap, state: now, meter, resume, legs, before } = this.#options;
    const state = now();
    const own = summaryOf({
      ...{ subject, startedAt: this.#startedAt, tap, meter: meter() },
      ...{ state: state.name, durationMs: this.#ownMs + (before?.durationMs ?? 0), usage: this.usage() },
      ending: state.name === 'open' ? undefined : state,
      resume: state.name === 'open' ? resume() : undefined,
      legs: legs(),
    });
    return before === undefined ? own : { ...own, ...behind(before, own) };
  }

  /** All that another process has to know of it. */
  before(turnCount: number): SessionBefore {
    const { frames, bytes, turns, durationMs, startedAt, legs, timeline = [] } = this.whole([]);
    return { frames, bytes, turns, durationMs, startedAt, legs, timeline, usage: this.usage(), turnCount };
  }

  /** Counts from the 101 until both sockets are closed, here. */
  get #ownMs(): number {
    const state = this.#options.state();
    return state.name === 'closed' ? state.durationMs : performance.now() - this.startedMs;
  }
}

function behind(before: SessionBefore, own: SessionRecord): Partial<SessionRecord> {
  const { startedAt, frames, bytes, turns, legs = [] } = before;
  const sum = (one: SessionRecord['frames'], other: SessionRecord['frames']) => ({
    upstream: one.upstream + other.upstream,
    downstream: one.downstream + other.downstream,
  });
  return {
    startedAt,
    frames: sum(frames, own.frames),
    bytes: sum(bytes, own.bytes),
    turns: [...turns, ...own.turns],
    legs: legsBehind(legs, own.legs ?? []),
  };
}
