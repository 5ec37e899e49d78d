// Reads answers of Anthropic's Messages API, whole and streamed, for chat completions.
// https://docs.anthropic.com/en/api/messages-streaming

import { isObject, type JsonObject, objectAt, parseJson, textAt, valueAt } from '../../../codecs/json/object.ts';
import { type AnswerDelta, chatOutcome } from '../chat/answer.ts';
import { type Ending, finishReader } from '../chat/finish.ts';
import { ANTHROPIC_FORMAT } from '../chat/message.ts';
import type { ReadEvent } from '../chat/stream.ts';
import type { ToolCallDelta } from '../chat/tools.ts';
import { LlmFailure, type LlmReply, type LlmUsage } from '../contract.ts';
import { failureInBody } from '../failure/failure.ts';
import { usageOfCounts } from '../usage/usage.ts';

export const ANTHROPIC = 'anthropic';
/** The tool whose input is the answer to a call with a schema. Every other tool is the client's. */
export const ANSWER_TOOL = 'trunkline_answer';

export const readAnthropicReply = ({ body }: LlmReply, model: string) =>
  chatOutcome(answerOfMessage(messageIn(body)), model, ANTHROPIC);

/** The message in a body. @throws LlmFailure for an error, or what is no message. */
export function messageIn(body: Buffer): JsonObject {
  const message = parseJson(body.toString());
  const failure = failureInBody(message);
  if (failure) throw failure;
  if (!isObject(message) || !Array.isArray(message.content))
    throw new LlmFailure('garbled', 'no message in the answer');
  return message;
}

export function answerOfMessage(message: JsonObject): AnswerDelta {
  const blocks = Array.isArray(message.content) ? message.content.filter(isObject) : [];
  const calls = blocks.filter(isCall).map(
    ({ id, name, input }, index): ToolCallDelta => ({
      index,
      id: String(id),
      name: String(name),
      input: JSON.stringify(input ?? {}),
    }),
  );
  return {
    id: textAt(message, 'id'),
    text: blocks.map(textOfBlock).join(''),
    ...reasoningOf(blocks),
    calls,
    served: textAt(message, 'model'),
    ...endingOf(textAt(message, 'stop_reason'), calls.length > 0),
    usage: usageOf(objectAt(message, 'usage')),
  };
}

/** Thoughts of the model, with what it wants back beside calls of tools. */
function reasoningOf(blocks: readonly JsonObject[]): Pick<AnswerDelta, 'thought' | 'details'> {
  const details = blocks.flatMap((block, index): readonly JsonObject[] => {
    const detail = detailOf(block, index);
    return detail === undefined ? [] : [detail];
  });
  const text = details.map((detail) => textAt(detail, 'text') ?? '').join('');
  return { thought: text === '' ? undefined : { text, isSummary: true }, details };
}

/** A block of reasoning, or what a stream begins one with; undefined for all other blocks. */
function detailOf(block: JsonObject, index: unknown): JsonObject | undefined {
  const of = { index, format: ANTHROPIC_FORMAT };
  if (block.type === 'redacted_thinking') return { type: 'reasoning.encrypted', data: block.data, ...of };
  if (block.type !== 'thinking') return undefined;
  return { type: 'reasoning.text', text: block.thinking, signature: block.signature, ...of };
}

/** The block that a detail was. https://docs.anthropic.com/en/docs/build-with-claude/extended-thinking#preserving-thinking-blocks */
export function blockOfDetail({ format, type, text, signature, data }: JsonObject): readonly JsonObject[] {
  if (format !== ANTHROPIC_FORMAT) return [];
  if (type === 'reasoning.encrypted') return [{ type: 'redacted_thinking', data }];
  return typeof signature === 'string' && signature !== '' ? [{ type: 'thinking', thinking: text, signature }] : [];
}

const isCall = ({ type, name }: JsonObject): boolean => type === 'tool_use' && name !== ANSWER_TOOL;

function textOfBlock(block: JsonObject): string {
  if (block.type === 'tool_use') return isCall(block) ? '' : JSON.stringify(block.input);
  return block.type === 'text' && typeof block.text === 'string' ? block.text : '';
}

/** A turn that the endpoint only paused is cut as well. https://docs.anthropic.com/en/api/handling-stop-reasons */
export const ANTHROPIC_FINISH = {
  stop: ['end_turn', 'stop_sequence'],
  length: ['max_tokens', 'model_context_window_exceeded', 'pause_turn'],
  content_filter: ['refusal'],
  tool_calls: ['tool_use'],
} as const;

const readReason = finishReader(ANTHROPIC_FINISH);

/** The use of the answer tool alone is the end of the answer. */
function endingOf(reason: string | undefined, hasCalls: boolean): Ending {
  const ending = readReason(reason);
  return ending.finish === 'tool_calls' && !hasCalls ? { finish: 'stop' } : ending;
}

/** Adds cached tokens, which `input_tokens` leaves out. */
function usageOf(usage: JsonObject | undefined): LlmUsage | undefined {
  const count = (name: string) => Math.max(0, Number(usage?.[name] ?? 0));
  const cached = count('cache_read_input_tokens');
  return usageOfCounts(usage, {
    inputTokens: usage && count('input_tokens') + cached + count('cache_creation_input_tokens'),
    outputTokens: usage?.output_tokens,
    cachedTokens: cached,
    cacheWriteTokens: usage?.cache_creation_input_tokens,
    cacheWriteHourTokens: objectAt(usage, 'cache_creation')?.ephemeral_1h_input_tokens,
    webSearches: objectAt(usage, 'server_tool_use')?.web_search_requests,
  });
}

/** A tool call in a stream. */
interface Block {
  /** Position among the client's calls; undefined for the answer tool. */
  readonly call: number | undefined;
  /** The input at its start; undefined once pieces have come. */
  input: string | undefined;
}

/** Creates a reader for the events of one stream. The last usage completes the counts of the first. */
export function createAnthropicReader(): ReadEvent {
  let begun: JsonObject | undefined;
  let called = 0;
  const blocks = new Map<unknown, Block>();

  function started({ index, content_block: block }: JsonObject): AnswerDelta | undefined {
    if (!isObject(block)) return undefined;
    const detail = detailOf(block, index);
    if (detail !== undefined) return { details: [detail] };
    if (block.type !== 'tool_use') return undefined;
    const call = isCall(block) ? called++ : undefined;
    blocks.set(index, { call, input: JSON.stringify(block.input ?? {}) });
    return call === undefined
      ? undefined
      : { calls: [{ index: call, id: textAt(block, 'id'), name: textAt(block, 'name') }] };
  }

  return ({ data }) => {
    if (data === undefined) return undefined;
    const event = parseJson(data);
    if (!isObject(event)) throw new LlmFailure('garbled', 'an event that is no JSON object');
    switch (event.type) {
      case 'message_start':
        begun = objectAt(event, 'message', 'usage');
        return { id: textAt(event, 'message', 'id'), served: textAt(event, 'message', 'model'), usage: usageOf(begun) };
      case 'content_block_start':
        return started(event);
      case 'content_block_delta':
        return added(event, blocks.get(event.index));
      case 'content_block_stop':
        return stopped(blocks.get(event.index));
      case 'message_delta':
        return {
          ...endingOf(textAt(event, 'delta', 'stop_reason'), called > 0),
          usage: usageOf({ ...begun, ...objectAt(event, 'usage') }),
        };
      case 'message_stop':
        return { isLast: true };
      case 'ping':
        return { comment: Buffer.from(': ping\n\n') };
      case 'error':
        throw failureInBody(event) ?? new LlmFailure('unavailable', 'an error in the middle of the answer');
      default:
        return undefined;
    }
  };
}

function added(event: JsonObject, block: Block | undefined): AnswerDelta {
  const json = textAt(event, 'delta', 'partial_json');
  if (block === undefined || json === undefined) {
    return { text: textAt(event, 'delta', 'text') ?? json, ...thoughtIn(event) };
  }
  if (json === '') return {};
  block.input = undefined;
  return inputOf(block, json);
}

function thoughtIn({ index, delta }: JsonObject): Pick<AnswerDelta, 'thought' | 'details'> {
  const [text, signature] = [textAt(isObject(delta) ? delta : {}, 'thinking'), valueAt(delta, ['signature'])];
  if (text === undefined && signature === undefined) return {};
  const detail = { type: 'reasoning.text', text, signature, index, format: ANTHROPIC_FORMAT };
  return { thought: text === undefined ? undefined : { text, isSummary: true }, details: [detail] };
}

/** Adds the input of a call without pieces: a call without arguments has only an empty one, which is no JSON. */
const stopped = (block: Block | undefined): AnswerDelta | undefined =>
  block?.input === undefined ? undefined : inputOf(block, block.input);

const inputOf = ({ call }: Block, input: string): AnswerDelta =>
  call === undefined ? { text: input } : { calls: [{ index: call, input }] };
