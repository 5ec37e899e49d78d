// Writes a whole answer as a stream, for a client that asked for one where the endpoint gave the answer at once.

import { isObject, type JsonObject, valueAt } from '../../../codecs/json/object.ts';
import type { LlmCall, LlmOutcome } from '../contract.ts';
import { sseEvent } from './server-sent-events.ts';
import { wantsUsage } from './stream.ts';

/** One chunk with the whole answer, the usage if it was asked for, and the end. */
export function streamOfCompletion({ completion, finish }: LlmOutcome, call: LlmCall): Buffer {
  const { usage, choices: _, ...rest } = completion;
  const head = { ...rest, object: 'chat.completion.chunk' };
  const message = valueAt(completion, ['choices', 0, 'message']);
  const choice = { index: 0, delta: deltaOf(isObject(message) ? message : {}), finish_reason: finish ?? null };
  const events = [
    sseEvent({ ...head, choices: [choice] }),
    ...(wantsUsage(call) && isObject(usage) ? [sseEvent({ ...head, choices: [], usage })] : []),
    sseEvent('[DONE]'),
  ];
  return Buffer.concat(events);
}

/** Calls of tools have their number in a stream. */
function deltaOf({ tool_calls: calls, ...message }: JsonObject): JsonObject {
  if (!Array.isArray(calls)) return message;
  return { ...message, tool_calls: calls.map((call, index) => (isObject(call) ? { index, ...call } : call)) };
}
