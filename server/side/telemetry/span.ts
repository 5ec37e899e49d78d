// A span as plain data: what is known of a piece of work when it has ended. Rule: nothing of it is worked out before it is sent.

import { randomUUID } from 'node:crypto';
import type { TraceParent } from '../../../codecs/text/trace-parent.ts';
import { isTraceSampled } from '../llm/attempt/trace-id.ts';
import type { SpanText } from './span-text.ts';

type AttributeValue = string | number | boolean | readonly string[];

/** An attribute that is undefined is left out. */
export type Attributes = Readonly<Record<string, AttributeValue | undefined>>;

/** A moment in a span; `at`: ms since the epoch. */
interface SpanEvent {
  readonly name: string;
  readonly at: number;
  readonly attributes: Attributes;
  readonly text?: SpanText | undefined;
}

/** Times are ms since the epoch. */
export interface TraceSpan {
  readonly name: string;
  /** `client`: it waited for somebody else; `server`: somebody else asked for it. */
  readonly kind: 'internal' | 'server' | 'client';
  readonly context: TraceParent;
  readonly parent: TraceParent | undefined;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly attributes: Attributes;
  readonly events?: readonly SpanEvent[] | undefined;
  /** The code of what went wrong; undefined for what went well. */
  readonly error?: string | undefined;
}

/** A UUID of version 4, whose last 56 bits are random: it costs a fraction of what random bytes do. */
const newTraceId = (): string => randomUUID().replaceAll('-', '');

const newSpanId = (): string => newTraceId().slice(16);

/** The place of a new span below another one, else in a trace of its own. */
export function newContext(parent: TraceParent | undefined, share: number): TraceParent {
  if (parent !== undefined) return { ...parent, spanId: newSpanId() };
  const traceId = newTraceId();
  return { traceId, spanId: newSpanId(), isSampled: isTraceSampled(traceId, share) };
}
