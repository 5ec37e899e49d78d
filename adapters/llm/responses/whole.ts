// Writes a whole response as a stream, for a client that asked for one where the endpoint gave the answer at once.

import { isObject, type JsonObject, textAt } from '../../../codecs/json/object.ts';
import { responseEvent } from './event.ts';
import type { Emit } from './items.ts';

export function streamOfResponse(response: JsonObject): Buffer {
  const pieces: Buffer[] = [];
  const emit: Emit = (type, fields) => pieces.push(responseEvent(type, pieces.length, fields));
  const begun = {
    ...response,
    ...{ status: 'in_progress', output: [], usage: null, completed_at: null, incomplete_details: null },
  };
  emit('response.created', { response: begun });
  emit('response.in_progress', { response: begun });
  const output = Array.isArray(response.output) ? response.output.filter(isObject) : [];
  for (const [index, item] of output.entries()) emitItem(item, index, emit);
  emit(`response.${textAt(response, 'status') ?? 'completed'}`, { response });
  return Buffer.concat(pieces);
}

/** An item that has no parts of its own is added and done. */
function emitItem(item: JsonObject, index: number, emit: Emit): void {
  const of = { item_id: item.id, output_index: index };
  emit('response.output_item.added', { output_index: index, item: begunItem(item) });
  if (item.type === 'function_call') {
    emit('response.function_call_arguments.delta', { ...of, delta: item.arguments });
    emit('response.function_call_arguments.done', { ...of, arguments: item.arguments, name: item.name });
  } else if (item.type === 'custom_tool_call') {
    emit('response.custom_tool_call_input.delta', { ...of, delta: item.input });
    emit('response.custom_tool_call_input.done', { ...of, input: item.input });
  } else {
    for (const [at, part] of partsIn(item.summary).entries()) emitSummary(part, { ...of, summary_index: at }, emit);
    for (const [at, part] of partsIn(item.content).entries()) emitPart(part, { ...of, content_index: at }, emit);
  }
  emit('response.output_item.done', { output_index: index, item });
}

const partsIn = (parts: unknown): readonly JsonObject[] => (Array.isArray(parts) ? parts.filter(isObject) : []);

/** The item as it is before anything was said. */
function begunItem(item: JsonObject): JsonObject {
  const { encrypted_content: _, ...rest } = item;
  if (item.type === 'function_call') return { ...rest, status: 'in_progress', arguments: '' };
  if (item.type === 'custom_tool_call') return { ...rest, input: '' };
  if (item.type === 'reasoning') return { id: item.id, type: 'reasoning', summary: [] };
  return item.type === 'message' ? { ...rest, status: 'in_progress', content: [] } : item;
}

function emitSummary(part: JsonObject, place: JsonObject, emit: Emit): void {
  emit('response.reasoning_summary_part.added', { ...place, part: { ...part, text: '' } });
  emit('response.reasoning_summary_text.delta', { ...place, delta: part.text });
  emit('response.reasoning_summary_text.done', { ...place, text: part.text });
  emit('response.reasoning_summary_part.done', { ...place, part });
}

function emitPart(part: JsonObject, place: JsonObject, emit: Emit): void {
  const { type } = part;
  if (type === 'refusal') {
    emit('response.content_part.added', { ...place, part: { type, refusal: '' } });
    emit('response.refusal.delta', { ...place, delta: part.refusal });
    emit('response.refusal.done', { ...place, refusal: part.refusal });
  } else if (type === 'reasoning_text') {
    emit('response.content_part.added', { ...place, part: { type, text: '' } });
    emit('response.reasoning_text.delta', { ...place, delta: part.text });
    emit('response.reasoning_text.done', { ...place, text: part.text });
  } else {
    const logprobs = part.logprobs ?? [];
    emit('response.content_part.added', { ...place, part: { ...part, annotations: [], logprobs: [], text: '' } });
    emit('response.output_text.delta', { ...place, delta: part.text, logprobs });
    emit('response.output_text.done', { ...place, text: part.text, logprobs });
  }
  emit('response.content_part.done', { ...place, part });
}
