// The place of an attempt in its trace, and the headers that tell an LLM gateway of it.

import type { LlmRequest } from '../../../../adapters/llm/contract.ts';
import { type TraceParent, traceParentText } from '../../../../codecs/text/trace-parent.ts';
import type { Attempt } from './contract.ts';

/** The span of an attempt has the random part of the id of its row. `row`: that id. */
export const attemptTrace = (trace: TraceParent, row: string): TraceParent => ({
  ...trace,
  spanId: row.replaceAll('-', '').slice(-16),
});

/** Adds `traceparent` and `tracestate` for an LLM gateway that routes. Whoever serves directly is told nothing: it has no part in our traces. */
export function tracedRequest(
  request: LlmRequest,
  { call, target }: Pick<Attempt, 'call' | 'target'>,
  row: string,
): LlmRequest {
  if (call.trace === undefined || target.path !== 'routed') return request;
  const trace = attemptTrace(call.trace, row);
  const { state } = trace;
  const headers = { ...request.headers, traceparent: traceParentText(trace), ...(state && { tracestate: state }) };
  return { ...request, headers };
}
