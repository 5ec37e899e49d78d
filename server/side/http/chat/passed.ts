// POST /v1/embeddings and POST /v1/moderations in OpenAI's form, POST /v1/messages/count_tokens in Anthropic's: passed to targets that have them,
// under the same policy, rates, budget and ledger as chat completions.

import { z } from 'zod';
import type { PassedForm } from '../../../../adapters/llm/contract.ts';
import type { JsonObject } from '../../../../codecs/json/object.ts';
import { type HttpProblem, invalidRequest, isProblem } from '../../../http/problem.ts';
import { type CallDefaults, clientCall, type ReadCall } from '../../runs/call/client-call.ts';
import type { RouteHandler } from '../handler.ts';
import { parseBody } from '../request/json-body.ts';
import { answerClient } from './answer-call.ts';
import { paramOf } from './body.ts';
import { type KnownFields, sortFields } from './fields.ts';

const MAX_INPUTS = 2048;
const MODEL = 'expected the name of a model';
const INPUT = `expected a text, 1 to ${MAX_INPUTS} texts, or tokens`;
const DIMENSIONS = 'expected a whole number from 1 to 100000';
const ENCODING = 'expected float or base64';

const token = z.int().min(0);
const texts = z.array(z.string()).min(1).max(MAX_INPUTS);
const tokens = z.array(token).min(1);

const model = z.string(MODEL).min(1, MODEL).max(200, MODEL);

interface Passed extends KnownFields {
  readonly form: PassedForm;
  readonly schema: z.ZodType;
}

const EMBEDDINGS: Passed = {
  form: 'embeddings',
  schema: z.looseObject({
    model,
    input: z.union([z.string(), texts, tokens, z.array(tokens).min(1).max(MAX_INPUTS)], INPUT),
    dimensions: z.int(DIMENSIONS).min(1, DIMENSIONS).max(100_000, DIMENSIONS).nullish(),
    encoding_format: z.enum(['float', 'base64'], ENCODING).nullish(),
  }),
  forwarded: ['model', 'input', 'dimensions', 'encoding_format', 'user'],
  read: [],
  expected: 'fields of a request for embeddings',
};

const part = z.looseObject({ type: z.enum(['text', 'image_url']) });

const MODERATIONS: Passed = {
  form: 'moderations',
  schema: z.looseObject({
    model: model.nullish(),
    input: z.union([z.string(), texts, z.array(part).min(1).max(MAX_INPUTS)], 'expected a text, texts, or parts'),
  }),
  forwarded: ['model', 'input'],
  read: [],
  expected: 'fields of a request for moderation',
};

const message = z.looseObject(
  { role: z.string('expected user or assistant') },
  'expected an object with role and content',
);

const TOKEN_COUNTS: Passed = {
  form: 'count_tokens',
  schema: z.looseObject({
    model,
    messages: z.array(message, 'expected a list of messages').min(1, 'expected a message'),
  }),
  forwarded: [
    ...['model', 'messages', 'system', 'tools', 'tool_choice', 'thinking', 'output_config', 'output_format'],
    ...['cache_control', 'context_management'],
  ],
  read: [],
  expected: 'fields of a request to count tokens',
};

function readPassed(body: JsonObject, { unknownFields }: CallDefaults, passed: Passed): ReadCall | HttpProblem {
  const parsed = passed.schema.safeParse(body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const param = paramOf(issue?.path ?? []);
    return invalidRequest(`${param}: ${issue?.message ?? 'invalid'}`, param);
  }
  const sorted = sortFields(body, { ...passed, unknownFields });
  if (isProblem(sorted)) return sorted;
  const native = { form: passed.form, body: sorted.extra };
  // Nothing is said, so that nothing of an answer has a price.
  const llm = { messages: [], maxTokens: 0, isStreamed: false, extra: {}, native };
  return { llm, addedMaxTokens: undefined, dropped: sorted.dropped };
}

const handlerOf =
  (passed: Passed): RouteHandler =>
  async (request, options) => {
    const asked = await clientCall(
      {
        ...request,
        parse: () => parseBody(request.body),
        read: (body, defaults) => readPassed(body, defaults, passed),
        asked: request.asked,
      },
      options,
    );
    return isProblem(asked) ? asked : answerClient(request, asked, options.config.side);
  };

export const postEmbeddings = handlerOf(EMBEDDINGS);
export const postModeration = handlerOf(MODERATIONS);
export const postTokenCount = handlerOf(TOKEN_COUNTS);
