// The record of a session of two sockets while it lives, and once it has ended: what it has used, its counts and its timeline.

import { performance } from 'node:perf_hooks';
import type { SessionRecord, SessionUsage } from '../ipc/session-record.ts';
import type { CloseReason } from './close-reason.ts';
import type { SessionMeter } from './meter/meter.ts';
import { type SessionSubject, summaryOf } from './subject.ts';
import { usageOf } from './tap/billed-usage.ts';
import type { Tap } from './tap/tap.ts';
import { timelineOf } from './tap/timeline.ts';

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
    const { subject, tap } = this.#options;
    return usageOf(subject, tap.usage(), tap, this.#durationMs);
  }

  /** The summary, and the timeline. */
  whole(links: Parameters<typeof timelineOf>[0]['links']): SessionRecord {
    const { subject, tap } = this.#options;
    const times = { startedAt: this.#startedAt, startedMs: this.startedMs };
    return { ...this.summary(), timeline: timelineOf({ subject, ...times, links, moments: tap.moments.all }) };
  }

  /** The record without its timeline, for lists and the log. */
  summary(): SessionRecord {
    const { subject, tap, state: now, meter, resume, legs } = this.#options;
    const state = now();
    return summaryOf({
      ...{ subject, startedAt: this.#startedAt, tap, meter: meter() },
      ...{ state: state.name, durationMs: this.#durationMs, usage: this.usage() },
      ending: state.name === 'open' ? undefined : state,
      resume: state.name === 'open' ? resume() : undefined,
      legs: legs(),
    });
  }

  /** Counts from the 101 until both sockets are closed. */
  get #durationMs(): number {
    const state = this.#options.state();
    return state.name === 'closed' ? state.durationMs : performance.now() - this.startedMs;
  }
}
