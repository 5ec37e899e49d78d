// Judges whole answers in classes that escalate: one that a verdict is passed on goes to the next target. Rule: only what the class names is looked
// at, and a check that cannot be made passes no verdict.

import type { LlmOutcome } from '../../../../adapters/llm/contract.ts';
import { type JsonObject, parseJson } from '../../../../codecs/json/object.ts';
import type { ClassConfig } from '../../../config/side/llm-schema.ts';
import type { Attempt } from '../attempt/contract.ts';
import type { Answered, Call, Verdict } from '../call.ts';
import { fitCheckOf, MAX_SCHEMA_CHARS } from './json-schema.ts';
import { type ScoredCall, scoreOf } from './score.ts';

type Judged = Pick<ScoredCall, 'call' | 'signal' | 'run'>;

/** Returns what judges an answer of the call; undefined where nothing does: streams have gone to their client by then. */
export function judgeOf({ call, signal, run }: Judged, { escalate }: Pick<ClassConfig, 'escalate'>): Attempt['judge'] {
  if (escalate === undefined || call.llm.isStreamed) return undefined;
  const { on, scorer } = escalate;
  return async (outcome) => {
    const seen = seenAtOnce(outcome, call, on);
    if (seen !== undefined || scorer === undefined || outcome.text === '') return seen;
    const score = await scoreOf({ call, scorer, text: outcome.text, signal, run });
    return score !== undefined && score < scorer.below ? 'low-score' : undefined;
  };
}

function seenAtOnce(
  outcome: LlmOutcome,
  call: Pick<Call, 'llm' | 'fits'>,
  on: readonly Verdict[],
): Verdict | undefined {
  if (on.includes('refusal') && isRefusal(outcome)) return 'refusal';
  if (on.includes('length') && outcome.finish === 'length') return 'length';
  return on.includes('misfit') && isMisfit(outcome, call) ? 'misfit' : undefined;
}

/** Tells of an answer that it does not have the form that was asked for. Tools that are called take the place of one. */
export function isMisfit(
  { finish, text }: Pick<LlmOutcome, 'finish' | 'text'>,
  { llm, fits }: Pick<Call, 'llm' | 'fits'>,
): boolean {
  const isToolCall = finish === 'tool_calls' || finish === 'function_call';
  return !isToolCall && !(fits?.(text) ?? fitsFormat(text, llm.extra));
}

const isRefusal = ({ finish, completion }: LlmOutcome): boolean =>
  finish === 'content_filter' || hasRefusal(completion.choices, 'message') || hasRefusal(completion.output, 'content');

/** A refusal in words has a place of its own in chat completions and in Responses; in Messages it is the reason of the end. */
function hasRefusal(parts: unknown, within: 'message' | 'content'): boolean {
  if (!Array.isArray(parts)) return false;
  return parts.some((part: JsonObject | null) => {
    const inner = part?.[within];
    if (Array.isArray(inner)) return inner.some((one) => one?.type === 'refusal');
    const said = (inner as JsonObject | undefined)?.refusal;
    return typeof said === 'string' && said !== '';
  });
}

/** Tells whether a text is what `response_format` asks for. */
function fitsFormat(text: string, { response_format: format }: JsonObject): boolean {
  const { type, json_schema: named } = (format ?? {}) as { readonly type?: unknown; readonly json_schema?: JsonObject };
  if (type !== 'json_schema' && type !== 'json_object') return true;
  const value = parseJson(text);
  if (value === undefined) return false;
  const schema = type === 'json_schema' ? named?.schema : undefined;
  return typeof schema !== 'object' || schema === null || fitsSchema(schema as JsonObject, value);
}

const MOST_SCHEMAS = 100;
/** Checks by the text of their schema: clients send the same one with each call. */
const checks = new Map<string, (value: unknown) => boolean>();

function fitsSchema(schema: JsonObject, value: unknown): boolean {
  const text = JSON.stringify(schema);
  if (text.length > MAX_SCHEMA_CHARS) return true;
  const check = checks.get(text) ?? fitCheckOf(schema);
  checks.delete(text);
  checks.set(text, check);
  if (checks.size > MOST_SCHEMAS) checks.delete(checks.keys().next().value as string);
  return check(value);
}

/** Verdicts from the answer that is worth most to that which is worth least. */
const WORTH: readonly Verdict[] = ['low-score', 'length', 'refusal', 'misfit'];

/** The better of two answers that a verdict was passed on; of equals the later one, since targets grow stronger. */
export function betterOf(before: Answered | undefined, answer: Answered): Answered {
  const worth = ({ verdict }: Answered) => (verdict === undefined ? -1 : WORTH.indexOf(verdict));
  return before === undefined || worth(answer) <= worth(before) ? answer : before;
}
