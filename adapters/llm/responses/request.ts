// Reads a Responses request into a call: its translation into chat completions, with the request itself beside it.

import { type JsonObject, objectAt } from '../../../codecs/json/object.ts';
import { resourcesIn } from '../chat/resources.ts';
import type { LlmCall } from '../contract.ts';
import { messagesOfInput } from './input.ts';
import { hostedToolsIn, toolsOfRequest } from './tools.ts';

interface ResponsesCall {
  /** A checked request. */
  readonly body: JsonObject;
  /** Its input, with the items of earlier answers that it refers to in their places. */
  readonly items: readonly JsonObject[];
  /** The limit of the answer; undefined: that of the model. */
  readonly maxTokens: number | undefined;
  /** The id that the response has; undefined: any. */
  readonly id?: string | undefined;
}

export function responsesCall({ body, items, maxTokens, id }: ResponsesCall): LlmCall {
  const input = messagesOfInput(items, body.instructions);
  const tools = toolsOfRequest(body);
  return {
    messages: input.messages,
    maxTokens,
    temperature: typeof body.temperature === 'number' ? body.temperature : undefined,
    isStreamed: body.stream === true,
    extra: { ...tools.fields, ...textFields(body), ...samplingFields(body) },
    native: {
      form: 'responses',
      body: { ...body, input: items },
      id,
      untranslated: input.untranslated ?? tools.untranslated,
      hostedTools: hostedToolsIn(body, items),
      resources: [
        ...resourcesIn(body.tools, 'tools'),
        ...items.flatMap((item, at) => resourcesIn(item.tools, `input[${at}].tools`)),
      ],
    },
  };
}

/** The shape that the text must have. */
function textFields(body: JsonObject): JsonObject {
  const { type, ...schema } = objectAt(body, 'text', 'format') ?? {};
  const verbosity = objectAt(body, 'text')?.verbosity;
  return {
    ...(type === 'json_schema' ? { response_format: { type, json_schema: schema } } : {}),
    ...(type === 'json_object' ? { response_format: { type } } : {}),
    ...(typeof verbosity === 'string' ? { verbosity } : {}),
  };
}

/** Fields that have the same name there. */
const SAME = ['top_p', 'user', 'safety_identifier', 'prompt_cache_key'] as const;

function samplingFields(body: JsonObject): JsonObject {
  const effort = objectAt(body, 'reasoning')?.effort;
  const { top_logprobs: count, include } = body;
  const wantsLogprobs = Array.isArray(include) && include.includes('message.output_text.logprobs');
  const given = SAME.filter((name) => body[name] !== undefined && body[name] !== null);
  return {
    ...Object.fromEntries(given.map((name) => [name, body[name]])),
    ...(typeof effort === 'string' ? { reasoning_effort: effort } : {}),
    ...(wantsLogprobs || (typeof count === 'number' && count > 0) ? { logprobs: true } : {}),
    ...(typeof count === 'number' && count > 0 ? { top_logprobs: count } : {}),
  };
}
