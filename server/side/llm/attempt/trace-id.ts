// The places of sessions and side tasks in traces. Rule: they follow from the ids of what is traced, so that any process finds the same, also after
// a restart.

import { createHash } from 'node:crypto';
import { readTraceParent, type TraceParent } from '../../../../codecs/text/trace-parent.ts';
import type { StoredSession, Task } from '../../../ipc/stored-rows.ts';

const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
const traceIdOf = (id: string): string => hash(`trace ${id}`).toString('hex', 0, 16);
const spanIdOf = (id: string): string => hash(`span ${id}`).toString('hex', 0, 8);

/** Tells whether a trace is among this share of all, by its last 56 bits, as OpenTelemetry samples: whoever asks gets the same answer. */
export function isTraceSampled(traceId: string, share: number): boolean {
  return share >= 1 || Number.parseInt(traceId.slice(18), 16) >= (1 - share) * 16 ** 14;
}

/** A span below another one, by a name that no other span there has. */
export const traceBelow = (trace: TraceParent, name: string): TraceParent => ({
  ...trace,
  spanId: spanIdOf(`${trace.spanId} ${name}`),
});

type TracedSession = Pick<StoredSession, 'id' | 'trace'>;

/** The span of a session, in the trace of its client where that has one. */
export function sessionTrace({ id, trace }: TracedSession, share: number): TraceParent {
  const client = readTraceParent(trace);
  const traceId = client?.traceId ?? traceIdOf(id);
  return { traceId, spanId: spanIdOf(id), isSampled: client?.isSampled ?? isTraceSampled(traceId, share) };
}

/** The span of a run of a task, in the trace of its session where it has one. */
export function taskTrace(
  task: Pick<Task, 'id' | 'attempts'>,
  session: TracedSession | undefined,
  share: number,
): TraceParent {
  const { traceId, isSampled } = sessionTrace(session ?? { id: task.id }, share);
  return { traceId, spanId: spanIdOf(`${task.id} ${task.attempts}`), isSampled };
}
