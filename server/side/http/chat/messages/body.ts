// Checks the body of a request in Anthropic's form. Rule: as for chat completions, fields that would change where a call runs, who keeps it, or
// what it costs beyond its tokens are refused, since the class decides that.

import { z } from 'zod';
import { messagesCall } from '../../../../../adapters/llm/index.ts';
import type { JsonObject } from '../../../../../codecs/json/object.ts';
import { type HttpProblem, invalidRequest, isProblem } from '../../../../http/problem.ts';
import type { CallDefaults, ReadCall } from '../../../runs/call/client-call.ts';
import { paramOf, tokens } from '../body.ts';
import { sortFields } from '../fields.ts';
import { contentProblem } from './content.ts';
import { sortBetas } from './header.ts';

const MODEL = 'expected the name of a model';
const SHARE = 'expected a number from 0 to 1';
const COUNTED = 'expected 1 to 100000 messages';

const message = z.looseObject(
  { role: z.enum(['user', 'assistant', 'system'], 'expected user or assistant') },
  'expected an object with role and content',
);

const tool = z.looseObject(
  { name: z.string('expected a name').min(1, 'expected a name'), type: z.string('expected a text').nullish() },
  'expected an object with name and input_schema',
);

/** A field of null counts as absent. */
const schema = z.looseObject({
  model: z.string(MODEL).max(200, MODEL).nullish(),
  max_tokens: tokens,
  messages: z.array(message, 'expected a list of messages').min(1, COUNTED).max(100_000, COUNTED),
  system: z
    .union([z.string(), z.array(z.looseObject({ type: z.literal('text'), text: z.string() }))], {
      error: 'expected a text or blocks of text',
    })
    .nullish(),
  temperature: z.number(SHARE).min(0, SHARE).max(1, SHARE).nullish(),
  top_p: z.number(SHARE).min(0, SHARE).max(1, SHARE).nullish(),
  top_k: z.int('expected a whole number').min(0, 'expected a whole number').nullish(),
  stream: z.boolean('expected true or false').nullish(),
  stop_sequences: z.array(z.string('expected a text'), 'expected a list of texts').nullish(),
  tools: z.array(tool, 'expected a list').nullish(),
  tool_choice: z
    .looseObject(
      { type: z.enum(['auto', 'any', 'tool', 'none'], 'expected auto, any, tool or none') },
      'expected an object with a type',
    )
    .nullish(),
  thinking: z
    .looseObject(
      { type: z.enum(['enabled', 'adaptive', 'disabled'], 'expected enabled, adaptive or disabled') },
      'expected an object with a type',
    )
    .nullish(),
  metadata: z.looseObject({ user_id: z.string('expected a text').nullish() }, 'expected an object').nullish(),
});

/** `betas`: the header `anthropic-beta`. */
export function readMessagesBody(
  body: JsonObject,
  { maxTokens, unknownFields }: CallDefaults,
  betas: string | undefined,
): ReadCall | HttpProblem {
  const parsed = schema.safeParse(body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const param = paramOf(issue?.path ?? []);
    return invalidRequest(`${param}: ${issue?.message ?? 'invalid'}`, param);
  }
  const sorted = sortFields(body, { ...FIELDS, unknownFields });
  if (isProblem(sorted)) return sorted;
  const problem = contentProblem(parsed.data.messages) ?? toolsProblem(parsed.data.tools ?? []);
  if (problem) return problem;
  const { max_tokens: own } = parsed.data;
  const sortedBetas = sortBetas(betas);
  const llm = messagesCall({ body: sorted.extra, maxTokens: own ?? maxTokens, betas: sortedBetas.forwarded });
  const addedMaxTokens = own === undefined ? maxTokens : undefined;
  return { llm, addedMaxTokens, dropped: [...sorted.dropped, ...sortedBetas.dropped] };
}

/** Anthropic's own tools have a schema that its models know. */
function toolsProblem(tools: readonly JsonObject[]): HttpProblem | undefined {
  const isOwn = ({ type }: JsonObject): boolean => typeof type === 'string' && type !== 'custom';
  const at = tools.findIndex((one) => !isOwn(one) && (typeof one.input_schema !== 'object' || !one.input_schema));
  const place = `tools[${at}].input_schema`;
  return at < 0 ? undefined : invalidRequest(`${place}: expected a JSON Schema of the type object`, place);
}

/** Fields that go on to an endpoint of this form. */
const FIELDS = {
  forwarded: [
    ...['model', 'max_tokens', 'messages', 'system', 'temperature', 'top_p', 'top_k', 'stream', 'stop_sequences'],
    ...['tools', 'tool_choice', 'thinking', 'metadata', 'output_config', 'output_format', 'cache_control'],
    ...['context_management'],
  ],
  read: [],
  expected: 'fields of a request of the Messages API',
};
