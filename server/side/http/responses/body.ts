// Checks the body of a Responses request. Rule: as for chat completions, fields that would change where a call runs, who keeps it, or what it costs
// beyond its tokens are refused, since the class decides that.

import { z } from 'zod';
import type { LlmCall } from '../../../../adapters/llm/contract.ts';
import { responsesCall, withoutCompactions } from '../../../../adapters/llm/index.ts';
import type { JsonObject } from '../../../../codecs/json/object.ts';
import { type HttpProblem, invalidRequest, isProblem } from '../../../http/problem.ts';
import { endUserText, paramOf, TEMPERATURE, tokens } from '../chat/body.ts';
import { sortFields } from '../chat/fields.ts';
import { itemsProblem } from './items.ts';

const MODEL = 'expected the name of a model';
const FLAG = 'expected true or false';
const ID = 'expected an id of a response';

const tool = z.looseObject({ type: z.string('expected the type of a tool') }, 'expected an object with a type');
const namedTool = z.looseObject({ name: z.string('expected a name').min(1, 'expected a name') });
const metadata = z.record(
  z.string().max(64, 'expected names of at most 64 characters'),
  z.string('expected texts').max(512, 'expected texts of at most 512 characters'),
  'expected an object of texts',
);

/** A field of null counts as absent. */
const schema = z.looseObject({
  model: z.string(MODEL).max(200, MODEL).nullish(),
  input: z.union([z.string(), z.array(z.unknown())], 'expected a text or a list of items').nullish(),
  instructions: z.string('expected a text').nullish(),
  max_output_tokens: tokens,
  temperature: z.number(TEMPERATURE).min(0, TEMPERATURE).max(2, TEMPERATURE).nullish(),
  top_p: z
    .number('expected a number from 0 to 1')
    .min(0, 'expected a number from 0 to 1')
    .max(1, 'expected a number from 0 to 1')
    .nullish(),
  top_logprobs: z.int('expected a whole number from 0 to 20').min(0).max(20).nullish(),
  stream: z.boolean(FLAG).nullish(),
  store: z.boolean(FLAG).nullish(),
  background: z.boolean(FLAG).nullish(),
  previous_response_id: z.string(ID).max(200, ID).nullish(),
  include: z.array(z.string('expected the name of a part'), 'expected a list').nullish(),
  tools: z.array(tool, 'expected a list').nullish(),
  text: z
    .looseObject(
      {
        format: z
          .looseObject(
            { type: z.enum(['text', 'json_schema', 'json_object'], 'expected text, json_schema or json_object') },
            'expected an object',
          )
          .nullish(),
      },
      'expected an object',
    )
    .nullish(),
  reasoning: z
    .looseObject(
      {
        effort: z.string('expected a word such as low').nullish(),
        summary: z.string('expected auto, concise or detailed').nullish(),
      },
      'expected an object',
    )
    .nullish(),
  safety_identifier: endUserText,
  user: endUserText,
  metadata: metadata.refine((given) => Object.keys(given).length <= 16, 'expected at most 16 pairs').nullish(),
  truncation: z.enum(['auto', 'disabled'], 'expected auto or disabled').nullish(),
  prompt: z.null('expected the prompt itself as instructions and input: a template lies at a provider').optional(),
  conversation: z.null('expected previous_response_id: a conversation lies at a provider').optional(),
});

/** A checked request. Fields that its client left out, or gave as null, are undefined. */
interface ReadResponses {
  readonly model: string | undefined;
  /** The items of the request itself; a text is a message of the user. References to items of earlier answers are among them. */
  readonly items: readonly JsonObject[];
  readonly previousResponseId: string | undefined;
  /** false: nothing is kept. */
  readonly store: boolean;
  readonly background: boolean;
  readonly isStreamed: boolean;
  readonly include: readonly string[];
  /** The app's own name for its user. */
  readonly endUser: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  /** The limit of an answer that is not the client's own. */
  readonly addedMaxTokens: number | undefined;
  /** Names of fields that change nothing here, and do not go on. */
  readonly dropped: readonly string[];
  /** The body without them, which is echoed in the response. */
  readonly body: JsonObject;
  /**
   * Makes the call. `items`: all of it, those of earlier answers in their places. `id`: that of the response, where it is to be kept.
   */
  call(items?: readonly JsonObject[], id?: string): LlmCall;
}

interface ResponsesDefaults {
  /** The limit of an answer where the client gives none; undefined: none. */
  readonly maxTokens: number | undefined;
  readonly unknownFields: 'refuse' | 'drop';
}

export function readResponsesBody(
  body: JsonObject,
  defaults: ResponsesDefaults,
): { readonly responses: ReadResponses } | HttpProblem {
  const parsed = schema.safeParse(body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const param = paramOf(issue?.path ?? []);
    return invalidRequest(`${param}: ${issue?.message ?? 'invalid'}`, param);
  }
  const sorted = sortFields(body, { ...FIELDS, unknownFields: defaults.unknownFields });
  if (isProblem(sorted)) return sorted;
  const { input: given, previous_response_id: previous, tools } = parsed.data;
  const input = Array.isArray(given) ? withoutCompactions(given) : given;
  const problem = inputProblem(input, previous ?? undefined) ?? toolsProblem(tools ?? []);
  if (problem) return problem;
  const items = typeof input === 'string' ? [{ type: 'message', role: 'user', content: input }] : (input ?? []);
  return { responses: requestOf(parsed.data, { items: items as JsonObject[], sorted, maxTokens: defaults.maxTokens }) };
}

interface Read {
  readonly items: readonly JsonObject[];
  readonly sorted: { readonly extra: JsonObject; readonly dropped: readonly string[] };
  readonly maxTokens: number | undefined;
}

function requestOf(data: z.infer<typeof schema>, { items: own, sorted, maxTokens: ofClass }: Read): ReadResponses {
  const { max_output_tokens: asked, metadata: pairs, include } = data;
  const body = sorted.extra;
  return {
    model: data.model || undefined,
    items: own,
    previousResponseId: data.previous_response_id ?? undefined,
    store: data.store ?? true,
    background: data.background ?? false,
    isStreamed: data.stream ?? false,
    include: include ?? [],
    endUser: data.safety_identifier || data.user || undefined,
    metadata: pairs ?? {},
    addedMaxTokens: asked === undefined ? ofClass : undefined,
    dropped: sorted.dropped,
    body,
    call: (items = own, id = undefined) => responsesCall({ body, items, maxTokens: asked ?? ofClass, id }),
  };
}

function inputProblem(input: string | readonly unknown[] | null | undefined, previous: string | undefined) {
  if (input === undefined || input === null || input === '')
    return previous === undefined ? invalidRequest('input: expected a text or a list of items', 'input') : undefined;
  if (typeof input === 'string' || (input.length === 0 && previous !== undefined)) return undefined;
  return itemsProblem(input);
}

function toolsProblem(tools: readonly JsonObject[]): HttpProblem | undefined {
  const at = tools.findIndex(
    (one) => (one.type === 'function' || one.type === 'custom') && !namedTool.safeParse(one).success,
  );
  return at < 0 ? undefined : invalidRequest(`tools[${at}].name: expected a name`, `tools[${at}].name`);
}

/** Fields of a Responses request: those that go on to an endpoint of this form, and that the response repeats. */
const FIELDS = {
  forwarded: [
    ...['model', 'input', 'instructions', 'max_output_tokens', 'temperature', 'top_p', 'top_logprobs', 'stream'],
    ...['store', 'background', 'previous_response_id', 'include', 'tools', 'tool_choice', 'parallel_tool_calls'],
    ...['text', 'reasoning', 'metadata', 'truncation', 'max_tool_calls', 'stream_options', 'user'],
    ...['safety_identifier', 'prompt_cache_key'],
  ],
  read: [],
  expected: 'fields of a Responses request',
};
