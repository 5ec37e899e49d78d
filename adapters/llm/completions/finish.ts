// Why an answer of the chat completions form ended. Endpoints of this form have words of their own beside OpenAI's, and gateways may hide
// the provider's word behind `stop`.

import { isObject, type JsonObject, textAt } from '../../../codecs/json/object.ts';
import { ANTHROPIC_FINISH } from '../anthropic/answer.ts';
import { type Ending, finishReader } from '../chat/finish.ts';
import { GEMINI_FINISH } from '../gemini/answer.ts';

/** Beside the words of Anthropic and Google, which some gateways pass on, those of Together (`eos`), TGI (`eos_token`), Mistral (`model_length`), Cohere (`complete`), Zhipu (`sensitive`) and Bedrock (`guardrail_intervened`). */
const readReason = finishReader({
  stop: ['stop', 'eos', 'eos_token', 'complete', ...ANTHROPIC_FINISH.stop],
  length: ['length', 'model_length', 'max_output_tokens', ...ANTHROPIC_FINISH.length],
  content_filter: [
    ...['content_filter', 'content-filter', 'content_filtered', 'sensitive', 'guardrail_intervened'],
    ...[...ANTHROPIC_FINISH.content_filter, ...GEMINI_FINISH.content_filter],
  ],
  tool_calls: ['tool_calls', 'tool-calls', ...ANTHROPIC_FINISH.tool_calls],
  function_call: ['function_call'],
});

/** The provider's own words for faults, as OpenRouter and LiteLLM repeat them. Other words that are not known say nothing. */
const NATIVE_FAULTS = [
  ...['malformed_function_call', 'unexpected_tool_call', 'too_many_tool_calls', 'malformed_response'],
  ...['missing_thought_signature', 'no_image', 'image_other', 'other', 'finish_reason_unspecified', 'error'],
  ...['abort', 'aborted', 'cancelled', 'insufficient_system_resource', 'network_error'],
];

/** The reason of a choice: the provider's own, where it says more than `stop`. */
export function endingOf(choice: JsonObject): Ending {
  const ending = readReason(choice.finish_reason);
  if (ending.fault !== undefined || (ending.finish !== undefined && ending.finish !== 'stop')) return ending;
  const native =
    textAt(choice, 'native_finish_reason') ?? textAt(choice, 'provider_specific_fields', 'native_finish_reason');
  if (native === undefined) return ending;
  const own = readReason(native);
  const isFault = NATIVE_FAULTS.includes(native.toLowerCase());
  return isFault || own.finish === 'length' || own.finish === 'content_filter' ? own : ending;
}

/** The body with the reason in OpenAI's word and with a model; undefined where it says both by itself. */
export function restated(body: JsonObject, { finish }: Ending, model: string): JsonObject | undefined {
  const [choice, ...others] = Array.isArray(body.choices) ? body.choices : [];
  const hasReason = finish === undefined || !isObject(choice) || choice.finish_reason === finish;
  const hasModel = typeof body.model === 'string' && body.model !== '';
  if (hasReason && hasModel) return undefined;
  const choices = hasReason ? body.choices : [{ ...choice, finish_reason: finish }, ...others];
  return { ...body, model: hasModel ? body.model : model, choices };
}
