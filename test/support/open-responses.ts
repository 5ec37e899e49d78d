// The schema of Open Responses (openresponses.org, release 2026-04-24; schema/*.tsp in github.com/openresponses/openresponses) for what a
// server answers. Fields beyond it are no fault: OpenAI has some. Types of events and items beyond it are: clients refuse those.

import { z } from 'zod';

const count = z.int();
const text = z.string();
const status = z.enum(['in_progress', 'completed', 'incomplete']);

const logprobs = z
  .array(z.looseObject({ token: text, logprob: z.number(), bytes: z.array(count), top_logprobs: z.array(z.unknown()) }))
  .optional();
const annotation = z.looseObject({
  ...{ type: z.literal('url_citation'), url: text, title: text, start_index: count, end_index: count },
});
const part = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('input_text'), text }),
  z.looseObject({ type: z.literal('output_text'), text, annotations: z.array(annotation), logprobs }),
  z.looseObject({ type: z.literal('text'), text }),
  z.looseObject({ type: z.literal('summary_text'), text }),
  z.looseObject({ type: z.literal('reasoning_text'), text }),
  z.looseObject({ type: z.literal('refusal'), refusal: text }),
  z.looseObject({
    ...{ type: z.literal('input_image'), image_url: text.nullable(), detail: z.enum(['low', 'high', 'auto']) },
  }),
  z.looseObject({ type: z.literal('input_file'), filename: text.optional(), file_url: text.optional() }),
]);

const item = z.discriminatedUnion('type', [
  z.looseObject({
    ...{ type: z.literal('message'), id: text, status, role: z.enum(['user', 'assistant', 'system', 'developer']) },
    content: z.array(part),
    phase: z.enum(['commentary', 'final_answer']).optional(),
  }),
  z.looseObject({ type: z.literal('function_call'), id: text, call_id: text, name: text, arguments: text, status }),
  z.looseObject({
    ...{ type: z.literal('function_call_output'), id: text, call_id: text, status },
    output: z.union([text, z.array(part)]),
  }),
  z.looseObject({
    ...{ type: z.literal('reasoning'), id: text, summary: z.array(part), content: z.array(part).optional() },
    encrypted_content: text.optional(),
  }),
  z.looseObject({ type: z.literal('compaction'), id: text, encrypted_content: text, created_by: text.optional() }),
]);

const usage = z.looseObject({
  ...{ input_tokens: count, output_tokens: count, total_tokens: count },
  input_tokens_details: z.looseObject({ cached_tokens: count }),
  output_tokens_details: z.looseObject({ reasoning_tokens: count }),
});

const format = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('text') }),
  z.looseObject({ type: z.literal('json_object') }),
  // The release has null for the schema itself; OpenAI repeats it.
  z.looseObject({ type: z.literal('json_schema'), name: text, strict: z.boolean().nullish() }),
]);

const toolChoice = z.union([
  z.enum(['none', 'auto', 'required']),
  z.looseObject({ type: z.literal('function'), name: text.optional() }),
  z.looseObject({ type: z.literal('allowed_tools'), tools: z.array(z.unknown()), mode: text }),
]);

/** All fields of a response are required. */
export const responseSchema = z.looseObject({
  ...{ id: text, object: z.literal('response'), created_at: count, completed_at: count.nullable(), status: text },
  incomplete_details: z.looseObject({ reason: text }).nullable(),
  ...{ model: text, previous_response_id: text.nullable(), instructions: text.nullable(), output: z.array(item) },
  error: z.looseObject({ code: text, message: text }).nullable(),
  tools: z.array(
    z.looseObject({
      ...{ type: z.literal('function'), name: text, description: text.nullable() },
      ...{ parameters: z.looseObject({}).nullable(), strict: z.boolean().nullable() },
    }),
  ),
  ...{ tool_choice: toolChoice, truncation: z.enum(['auto', 'disabled']), parallel_tool_calls: z.boolean() },
  text: z.looseObject({ format, verbosity: z.enum(['low', 'medium', 'high']).optional() }),
  ...{ top_p: z.number(), presence_penalty: z.number(), frequency_penalty: z.number(), top_logprobs: count },
  temperature: z.number(),
  reasoning: z
    .looseObject({
      effort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh']).nullable(),
      summary: z.enum(['concise', 'detailed', 'auto']).nullable(),
    })
    .nullable(),
  ...{ usage: usage.nullable(), max_output_tokens: count.nullable(), max_tool_calls: count.nullable() },
  ...{ store: z.boolean(), background: z.boolean(), service_tier: text, metadata: z.unknown() },
  ...{ safety_identifier: text.nullable(), prompt_cache_key: text.nullable() },
});

export const compactionSchema = z.looseObject({
  ...{ id: text, object: z.literal('response.compaction'), output: z.array(item), created_at: count, usage },
});

const event = <Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) =>
  z.looseObject({ type: z.literal(type), sequence_number: count, ...shape });

const ofItem = { item_id: text, output_index: count };
const ofContent = { ...ofItem, content_index: count };
const ofSummary = { ...ofItem, summary_index: count };

/** Reasoning in the model's own words has OpenAI's names of events (`reasoning_text`), which the SDKs read; the release has `reasoning`. */
const eventSchema = z.discriminatedUnion('type', [
  z.looseObject({
    type: z.enum(
      (['created', 'queued', 'in_progress', 'completed', 'failed', 'incomplete'] as const).map(
        (state) => `response.${state}` as const,
      ),
    ),
    ...{ sequence_number: count, response: responseSchema },
  }),
  event('response.output_item.added', { output_index: count, item: item.nullable() }),
  event('response.output_item.done', { output_index: count, item: item.nullable() }),
  event('response.content_part.added', { ...ofContent, part }),
  event('response.content_part.done', { ...ofContent, part }),
  event('response.output_text.delta', { ...ofContent, delta: text, logprobs }),
  event('response.output_text.done', { ...ofContent, text, logprobs }),
  event('response.refusal.delta', { ...ofContent, delta: text }),
  event('response.refusal.done', { ...ofContent, refusal: text }),
  event('response.reasoning_text.delta', { ...ofContent, delta: text }),
  event('response.reasoning_text.done', { ...ofContent, text }),
  event('response.reasoning_summary_part.added', { ...ofSummary, part }),
  event('response.reasoning_summary_part.done', { ...ofSummary, part }),
  event('response.reasoning_summary_text.delta', { ...ofSummary, delta: text }),
  event('response.reasoning_summary_text.done', { ...ofSummary, text }),
  event('response.output_text.annotation.added', {
    ...{ ...ofContent, annotation_index: count, annotation: annotation.nullable() },
  }),
  event('response.function_call_arguments.delta', { ...ofItem, delta: text }),
  event('response.function_call_arguments.done', { ...ofItem, arguments: text }),
]);

type Response = z.infer<typeof responseSchema>;
export type StreamEvent = z.infer<typeof eventSchema>;

/** Lists what is wrong with a value, each with its place; nothing where it fits. */
export function faultsOf(schema: z.ZodType, value: unknown): readonly string[] {
  const parsed = schema.safeParse(value);
  return parsed.success
    ? []
    : parsed.error.issues.map(({ path, message }) => `${path.map(String).join('.')}: ${message}`);
}

/** Lists what is wrong with the events of one stream: with each by itself, with their numbers, and with their end. */
export function faultsOfEvents(events: readonly unknown[]): readonly string[] {
  const faults = events.flatMap((one, at) => faultsOf(eventSchema, one).map((fault) => `event ${at}: ${fault}`));
  const numbers = events.map((one) => (one as StreamEvent).sequence_number);
  if (numbers.some((number, at) => number !== at)) faults.push(`sequence numbers: ${numbers}`);
  if (lastResponse(events) === undefined) faults.push('no event that ends the response');
  return faults;
}

/** The response of the event that ends a stream. */
export function lastResponse(events: readonly unknown[]): Response | undefined {
  const last = events.at(-1) as { readonly type?: string; readonly response?: Response } | undefined;
  return /^response\.(completed|failed|incomplete)$/.test(last?.type ?? '') ? last?.response : undefined;
}
