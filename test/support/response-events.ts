// The events of streamed responses, in the form of OpenAI.

import type { JsonObject } from '../../codecs/json/object.ts';

const numbered = (events: readonly JsonObject[]): readonly JsonObject[] =>
  events.map((event, sequence_number) => ({ ...event, sequence_number }));

const response = (status: string, more: JsonObject = {}): JsonObject => ({
  response: { id: 'resp_1', object: 'response', model: 'some/model', status, ...more },
});

const usage = {
  ...{ input_tokens: 9, output_tokens: 5, total_tokens: 14 },
  input_tokens_details: { cached_tokens: 4 },
  output_tokens_details: { reasoning_tokens: 2 },
};

/** A whole answer: its head, these events, and its end. */
export const answerOf = (events: readonly JsonObject[], last: JsonObject = ended('completed')): readonly JsonObject[] =>
  numbered([
    { type: 'response.created', ...response('in_progress') },
    { type: 'response.in_progress', ...response('in_progress') },
    ...events,
    last,
  ]);

export const ended = (
  status: 'completed' | 'incomplete' | 'failed' | 'cancelled',
  more: JsonObject = {},
): JsonObject => ({
  type: `response.${status}`,
  ...response(status, { usage, ...more }),
});

/** A message whose text comes in these pieces. */
export function textEvents(
  pieces: readonly string[],
  at = 0,
  annotations: readonly JsonObject[] = [],
): readonly JsonObject[] {
  const item = { id: `msg_${at}`, type: 'message', role: 'assistant' };
  const place = { item_id: item.id, output_index: at, content_index: 0 };
  const text = pieces.join('');
  const part = { type: 'output_text', text, annotations };
  return [
    { type: 'response.output_item.added', output_index: at, item: { ...item, status: 'in_progress', content: [] } },
    { type: 'response.content_part.added', ...place, part: { ...part, text: '' } },
    ...pieces.map((delta) => ({ type: 'response.output_text.delta', ...place, delta })),
    ...annotations.map((annotation, annotation_index) => ({
      ...{ type: 'response.output_text.annotation.added', ...place, annotation_index, annotation },
    })),
    { type: 'response.output_text.done', ...place, text },
    { type: 'response.content_part.done', ...place, part },
    { type: 'response.output_item.done', output_index: at, item: { ...item, status: 'completed', content: [part] } },
  ];
}

/** Reasoning with a summary of these parts. */
export function reasoningEvents(parts: readonly string[], encrypted_content?: string, at = 0): readonly JsonObject[] {
  const item = { id: `rs_${at}`, type: 'reasoning' };
  const summary = parts.map((text) => ({ type: 'summary_text', text }));
  return [
    { type: 'response.output_item.added', output_index: at, item: { ...item, summary: [] } },
    ...summary.flatMap((part, summary_index) => {
      const place = { item_id: item.id, output_index: at, summary_index };
      return [
        { type: 'response.reasoning_summary_part.added', ...place, part: { ...part, text: '' } },
        { type: 'response.reasoning_summary_text.delta', ...place, delta: part.text },
        { type: 'response.reasoning_summary_text.done', ...place, text: part.text },
        { type: 'response.reasoning_summary_part.done', ...place, part },
      ];
    }),
    {
      ...{ type: 'response.output_item.done', output_index: at },
      item: { ...item, summary, ...(encrypted_content === undefined ? {} : { encrypted_content }) },
    },
  ];
}

/** A call of a function whose arguments come in these pieces. */
export function callEvents(name: string, pieces: readonly string[], at = 0): readonly JsonObject[] {
  const item = { id: `fc_${at}`, type: 'function_call', call_id: `call_${at}`, name };
  const place = { item_id: item.id, output_index: at };
  const text = pieces.join('');
  return [
    { type: 'response.output_item.added', output_index: at, item: { ...item, arguments: '', status: 'in_progress' } },
    ...pieces.map((delta) => ({ type: 'response.function_call_arguments.delta', ...place, delta })),
    { type: 'response.function_call_arguments.done', ...place, name, arguments: text },
    { type: 'response.output_item.done', output_index: at, item: { ...item, arguments: text, status: 'completed' } },
  ];
}
