// Puts the timeline of a session together for its record: how it opened, its moments, and what still waits, in order.

import { performance } from 'node:perf_hooks';
import type { Moment, SessionSide } from '../../ipc/session-record.ts';
import type { SessionSubject } from '../subject.ts';

interface TimelineParts {
  readonly subject: Pick<SessionSubject, 'opening' | 'context'>;
  /** At monotonic times, like all that follows. */
  readonly moments: readonly Moment[];
  /** The ends that bytes wait for now, and since when. */
  readonly links: readonly { readonly targetSide: SessionSide; readonly congestedAt: number | undefined }[];
  readonly startedMs: number;
  /** The wall clock at `startedMs`. */
  readonly startedAt: Date;
}

export function timelineOf({ subject, moments, links, startedMs, startedAt }: TimelineParts): readonly Moment[] {
  const now = performance.now();
  const waiting = links.flatMap(({ targetSide: end, congestedAt: at }): Moment[] =>
    at === undefined ? [] : [{ at, kind: 'slow-reader', end, ms: Math.round(now - at) }],
  );
  const epochMs = startedAt.getTime() - startedMs;
  return [...openingMoments(subject, startedMs), ...moments, ...waiting]
    .map((moment) => ({ ...moment, at: Math.round(epochMs + moment.at) }))
    .sort((a, b) => a.at - b.at);
}

function openingMoments({ opening, context }: TimelineParts['subject'], startedMs: number): readonly Moment[] {
  if (opening === undefined) return [];
  const { askedAt, dialledAt, dialMs, connection, tries = [] } = opening;
  return [
    ...tries.map((one): Moment => ({ ...one, kind: 'try', ms: Math.round(one.ms) })),
    { at: dialledAt, kind: 'dial', ms: Math.round(dialMs), connection },
    { at: startedMs, kind: 'open', ms: Math.round(startedMs - askedAt), ...(context && { context: context.from }) },
  ];
}
