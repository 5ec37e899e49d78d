// Tool calls of an assistant's message. The page runs the tools: a call goes on with its output, what went wrong, or the user's no.

import { isObject, type JsonObject } from '../../../codecs/json/object.ts';
import { UiFault } from '../contract.ts';
import type { UiPart } from './ui-message.ts';

export interface ToolPart {
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
  /** The text that the model is told; undefined while the call has no output. */
  readonly output: string | undefined;
  /** The user's answer to the question whether the tool may run. */
  readonly approved: boolean | undefined;
  readonly state: string;
  /** A host of the model has run it; the page gives no output. */
  readonly isHosted: boolean;
  readonly part: JsonObject;
  readonly field: string;
}

/** Undefined for other parts, and for calls that broke off while their input came. @throws UiFault */
export function toolPart({ type, part, field }: UiPart): ToolPart | undefined {
  const name =
    type === 'dynamic-tool' ? part.toolName : type.startsWith('tool-') ? type.slice('tool-'.length) : undefined;
  if (name === undefined || part.state === 'input-streaming') return undefined;
  if (typeof name !== 'string' || name === '') throw new UiFault(`${field}.toolName`, 'expected the name of a tool');
  const { toolCallId: id, state } = part;
  if (typeof id !== 'string' || id === '') throw new UiFault(`${field}.toolCallId`, 'expected the id of a tool call');
  if (typeof state !== 'string' || !STATES.includes(state))
    throw new UiFault(`${field}.state`, `expected one of ${STATES.join(', ')}`);
  const approved = isObject(part.approval) ? part.approval.approved : undefined;
  return {
    ...{ id, name, state, part, field },
    input: part.input ?? part.rawInput,
    output: outputOf(part),
    approved: typeof approved === 'boolean' ? approved : undefined,
    isHosted: part.providerExecuted === true,
  };
}

const STATES = [
  ...['input-streaming', 'input-available', 'approval-requested', 'approval-responded'],
  ...['output-available', 'output-error', 'output-denied'],
];

/** The user said yes, and the page has not run the tool. */
export const isApproved = ({ state, approved }: ToolPart): boolean =>
  state === 'approval-responded' && approved === true;

/** The user said no, and the message does not say so yet. */
export const isDenied = ({ state, approved }: ToolPart): boolean =>
  state === 'approval-responded' && approved === false;

/** A call with its output, as two items of OpenAI Responses. `takesText`: names of tools whose input is any text. */
export function toolItems({ id, name, input, output }: ToolPart, takesText: ReadonlySet<string>) {
  if (takesText.has(name)) {
    const text = typeof input === 'string' ? input : JSON.stringify(input ?? '');
    return {
      call: { type: 'custom_tool_call', call_id: id, name, input: text },
      result: { type: 'custom_tool_call_output', call_id: id, output },
    };
  }
  return {
    call: { type: 'function_call', call_id: id, name, arguments: argumentsOf(input) },
    result: { type: 'function_call_output', call_id: id, output },
  };
}

/** Input that was no JSON stands in a message as the text that it was. */
function argumentsOf(input: unknown): string {
  if (typeof input === 'string' && isJson(input)) return input;
  return JSON.stringify(input ?? {});
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const DENIED = 'Tool call execution denied.';

/** The output as the AI SDK would tell it to a model of OpenAI. */
function outputOf({ state, output, errorText, preliminary, approval }: JsonObject): string | undefined {
  if (state === 'output-available') {
    if (preliminary === true) return undefined;
    return typeof output === 'string' ? output : JSON.stringify(output ?? null);
  }
  if (state === 'output-error') return JSON.stringify({ error: typeof errorText === 'string' ? errorText : '' });
  const { approved, reason } = isObject(approval) ? approval : { approved: undefined, reason: undefined };
  const isNo = state === 'output-denied' || (state === 'approval-responded' && approved === false);
  if (!isNo) return undefined;
  return typeof reason === 'string' && reason !== '' ? reason : DENIED;
}
