// Reads and writes where in a trace a caller is: the headers traceparent and tracestate of W3C Trace Context. Rule: what is not as the
// recommendation has it counts as not there.

/** A span, as the headers name it: ids in lower-case hexadecimal. */
export interface TraceParent {
  /** 32 digits, not all zero. */
  readonly traceId: string;
  /** 16 digits, not all zero. */
  readonly spanId: string;
  /** Whether whoever began the trace keeps it. */
  readonly isSampled: boolean;
  /** The value of `tracestate`, which goes on as it is. */
  readonly state?: string | undefined;
}

const FORM = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
/** The least that a tracestate has to have room for (section 3.3.1.5); longer ones are left out. */
const MAX_STATE_CHARS = 512;
const STATE = /^[\x20-\x7e]+$/;

/** Reads the values of the two headers. A later version of the form may have more behind its flags. */
export function readTraceParent(text: string | undefined, state?: string): TraceParent | undefined {
  if (text === undefined) return undefined;
  const [, traceId, spanId, flags, more] = FORM.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (more !== undefined && text.startsWith('00')) return undefined;
  const isSampled = (Number.parseInt(flags, 16) & 1) === 1;
  const isKept = state !== undefined && state.length <= MAX_STATE_CHARS && STATE.test(state);
  return { traceId, spanId, isSampled, state: isKept ? state : undefined };
}

export const traceParentText = ({ traceId, spanId, isSampled }: TraceParent): string =>
  `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;
