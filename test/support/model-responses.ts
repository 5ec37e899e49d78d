// The form of the Responses API, as an endpoint that speaks it answers.

import { isObject, type JsonObject, objectAt } from '../../codecs/json/object.ts';
import { type Form, halves, list, type Said, textOf } from './model-forms.ts';

const usage = {
  ...{ input_tokens: 10, output_tokens: 5, total_tokens: 15 },
  input_tokens_details: { cached_tokens: 4, cache_write_tokens: 0 },
  output_tokens_details: { reasoning_tokens: 2 },
};

/** The answer to a request to compact a conversation. */
export const compaction = {
  ...{ id: 'resp_compact', object: 'response.compaction', created_at: 1, usage },
  output: [{ id: 'cmp_1', type: 'compaction', encrypted_content: 'sealed by the endpoint' }],
};

export const responsesForm: Form = {
  ask({ input, tools, text, reasoning }) {
    const items = typeof input === 'string' ? [{ role: 'user', content: input }] : list(input);
    const last = items.at(-1) ?? {};
    const user = items.findLast((item) => item.role === 'user');
    return {
      text: textOf(user?.content),
      toolOutput: last.type === 'function_call_output' ? textOf(last.output) : undefined,
      tools: list(tools).map((tool) => ({ name: String(tool.name), schema: objectAt(tool, 'parameters') })),
      schema: objectAt(isObject(text) ? text : undefined, 'format', 'schema'),
      wantsThought: reasoning !== undefined,
    };
  },
  whole: (said, model, body) => resource('completed', outputOf(said), { model, body }),
  events(said, model, body) {
    const begun = resource('in_progress', [], { model, body });
    const events = [
      { type: 'response.created', response: begun },
      { type: 'response.in_progress', response: begun },
      ...outputOf(said).flatMap(itemEvents),
      { type: 'response.completed', response: this.whole(said, model, body) },
    ];
    return events.map((event, sequence_number) => ({ ...event, sequence_number }));
  },
};

const outputOf = ({ thought, text, call }: Said): readonly JsonObject[] => [
  ...(thought === undefined
    ? []
    : [
        {
          ...{ id: 'rs_1', type: 'reasoning', encrypted_content: 'sealed' },
          summary: [{ type: 'summary_text', text: thought }],
        },
      ]),
  ...(text === undefined
    ? []
    : [
        {
          ...{ id: 'msg_1', type: 'message', status: 'completed', role: 'assistant', phase: 'final_answer' },
          content: [{ type: 'output_text', text, annotations: [], logprobs: [] }],
        },
      ]),
  ...(call === undefined
    ? []
    : [
        {
          ...{ id: 'fc_1', type: 'function_call', status: 'completed', call_id: 'call_1', name: call.name },
          arguments: JSON.stringify(call.args),
        },
      ]),
];

function itemEvents(item: JsonObject, output_index: number): readonly JsonObject[] {
  const place = { item_id: item.id, output_index };
  return [
    { type: 'response.output_item.added', output_index, item: emptyItem(item) },
    ...partEvents(item, place),
    { type: 'response.output_item.done', output_index, item },
  ];
}

function emptyItem(item: JsonObject): JsonObject {
  if (item.type === 'reasoning') return { ...item, summary: [] };
  if (item.type === 'message') return { ...item, status: 'in_progress', content: [] };
  return { ...item, status: 'in_progress', arguments: '' };
}

function partEvents(item: JsonObject, place: JsonObject): readonly JsonObject[] {
  if (item.type === 'function_call')
    return [
      { type: 'response.function_call_arguments.delta', ...place, delta: item.arguments },
      { type: 'response.function_call_arguments.done', ...place, arguments: item.arguments, name: item.name },
    ];
  const isMessage = item.type === 'message';
  const [part = {}] = list(isMessage ? item.content : item.summary);
  const [group, words] = isMessage
    ? ['response.content_part', 'response.output_text']
    : ['response.reasoning_summary_part', 'response.reasoning_summary_text'];
  const of = { ...place, ...(isMessage ? { content_index: 0 } : { summary_index: 0 }) };
  const more = isMessage ? { logprobs: [] } : {};
  return [
    { type: `${group}.added`, ...of, part: { ...part, text: '' } },
    ...halves(String(part.text)).map((delta) => ({ type: `${words}.delta`, ...of, delta, ...more })),
    { type: `${words}.done`, ...of, text: part.text, ...more },
    { type: `${group}.done`, ...of, part },
  ];
}

interface Around {
  readonly model: string;
  readonly body: JsonObject;
}

/** A response with all of its fields. */
function resource(status: string, output: readonly JsonObject[], { model, body }: Around): JsonObject {
  const isOver = status === 'completed';
  return {
    ...{ id: 'resp_upstream', object: 'response', created_at: 1, completed_at: isOver ? 2 : null, status, model },
    ...{ error: null, incomplete_details: null, instructions: body.instructions ?? null, output },
    ...{ previous_response_id: null, background: false, store: body.store ?? true, service_tier: 'default' },
    tools: list(body.tools).map((tool) => ({ description: null, parameters: null, strict: true, ...tool })),
    ...{ tool_choice: body.tool_choice ?? 'auto', parallel_tool_calls: body.parallel_tool_calls ?? true },
    text: { ...(isObject(body.text) ? body.text : {}), format: objectAt(body, 'text', 'format') ?? { type: 'text' } },
    ...{ truncation: 'disabled', temperature: body.temperature ?? 1, top_p: 1, top_logprobs: 0 },
    ...{
      presence_penalty: 0,
      frequency_penalty: 0,
      max_output_tokens: null,
      max_tool_calls: null,
      metadata: body.metadata ?? {},
    },
    reasoning: { effort: null, summary: null, ...(isObject(body.reasoning) ? body.reasoning : {}) },
    ...{ usage: isOver ? usage : null, safety_identifier: null, prompt_cache_key: null, user: null },
  };
}
