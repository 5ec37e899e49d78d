// A request of the Responses API, and the prompt in it. Rule: unknown fields are kept and ignored.

import { z } from 'zod';
import type { ReplyPrompt } from '../../voice/reply-text.ts';
import { toolChoiceSchema, toolSchema } from '../tools.ts';

const itemSchema = z.looseObject({
  type: z.string().optional(),
  role: z.string().optional(),
  content: z.union([z.string(), z.array(z.looseObject({ text: z.string().optional() }))]).nullish(),
  call_id: z.string().optional(),
  name: z.string().optional(),
  arguments: z.string().optional(),
  output: z.union([z.string(), z.array(z.looseObject({ text: z.string().optional() }))]).optional(),
});
/** An input item of any kind. */
export type ResponsesItem = z.infer<typeof itemSchema>;

/** A `response.create`. */
export const responsesRequestSchema = z.looseObject({
  model: z.string().optional(),
  input: z.union([z.string(), z.array(itemSchema)]).optional(),
  /** Tells whether to generate; false only prepares the context. */
  generate: z.boolean().optional(),
  instructions: z.string().nullish(),
  previous_response_id: z.string().nullish(),
  stream_id: z.string().nullish(),
  background: z.literal(false, 'background is not supported over a WebSocket').nullish(),
  tools: z.array(toolSchema).nullish(),
  tool_choice: toolChoiceSchema.nullish(),
  max_output_tokens: z.int().min(1).nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
});
export type ResponsesRequest = z.infer<typeof responsesRequestSchema>;

/** The input as items. A string is a message of the user. */
export function inputItems(input: ResponsesRequest['input']): readonly ResponsesItem[] {
  return typeof input === 'string' ? [{ type: 'message', role: 'user', content: input }] : (input ?? []);
}

/** The prompt that a response to these items answers. */
export function responsesPrompt(context: readonly ResponsesItem[]): ReplyPrompt {
  const last = context.findLast((item) => item.role === 'user' || item.type === 'function_call_output');
  if (!last) return { kind: 'silence' };
  if (last.type !== 'function_call_output') return { kind: 'text', text: textOfItem(last) };
  const call = context.find((item) => item.type === 'function_call' && item.call_id === last.call_id);
  return { kind: 'tool', name: call?.name ?? 'function', output: textOfItem(last) };
}

export function textOfItem({ content, output, arguments: values }: ResponsesItem): string {
  const parts = [content, output].flatMap((value) =>
    Array.isArray(value) ? value.map((part) => part.text ?? '') : [value ?? ''],
  );
  return [...parts, values ?? ''].filter(Boolean).join(' ');
}
