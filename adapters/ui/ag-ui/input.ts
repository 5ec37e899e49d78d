// Reads a RunAgentInput of AG-UI 1.0. What it has no field for (the model, its settings) stands in `forwardedProps`, in the names of OpenAI
// Responses. `state` belongs to the page: nothing here changes it, and it is not sent back.

import { isObject, type JsonObject } from '../../../codecs/json/object.ts';
import { responsesFields } from '../ai-sdk/fields.ts';
import { UiFault, type UiRequest } from '../contract.ts';
import { agUiItems } from './messages.ts';

/** The ids that the events of a run name. JSON. */
export interface AgUiNote {
  readonly threadId: string;
  readonly runId: string;
  readonly parentRunId?: string;
}

const MAX_ID_CHARS = 200;

/** @throws UiFault */
export function readAgUiInput(input: JsonObject): UiRequest & { readonly note: AgUiNote & JsonObject } {
  const { protocolVersion, parentRunId, forwardedProps, resume } = input;
  if (protocolVersion !== undefined && !/^1\./.test(String(protocolVersion)))
    throw new UiFault('protocolVersion', 'expected 1.0');
  if (Array.isArray(resume) && resume.length > 0)
    throw new UiFault('resume', 'expected none: no run of this gateway waits for an answer');
  const threadId = idAt(input, 'threadId');
  const parent = typeof parentRunId === 'string' ? { parentRunId } : {};
  const { tools: _, ...fields } = responsesFields(isObject(forwardedProps) ? forwardedProps : {});
  const items = [...contextItems(input.context), ...agUiItems(input.messages)];
  if (items.length === 0) throw new UiFault('messages', 'expected a message');
  const tools = toolsOf(input.tools);
  return {
    chat: threadId,
    body: { ...fields, ...(tools.length === 0 ? {} : { tools }), input: items, stream: true },
    note: { threadId, runId: idAt(input, 'runId'), ...parent },
  };
}

function idAt(input: JsonObject, field: string): string {
  const id = input[field];
  if (typeof id === 'string' && id !== '' && id.length <= MAX_ID_CHARS) return id;
  throw new UiFault(field, `expected a text of 1 to ${MAX_ID_CHARS} characters`);
}

function toolsOf(tools: unknown): readonly JsonObject[] {
  if (tools === undefined || tools === null) return [];
  if (!Array.isArray(tools)) throw new UiFault('tools', 'expected a list');
  return tools.map((tool, at) => {
    if (!isObject(tool) || typeof tool.name !== 'string')
      throw new UiFault(`tools[${at}]`, 'expected an object with name, description and parameters, a JSON Schema');
    const { name, description, parameters } = tool;
    return {
      ...{ type: 'function', name, strict: false },
      parameters: isObject(parameters) ? parameters : { type: 'object', properties: {} },
      ...(typeof description === 'string' ? { description } : {}),
    };
  });
}

/** The words of the app about itself, which stand before all that was said. */
function contextItems(context: unknown): readonly JsonObject[] {
  if (context === undefined || context === null) return [];
  if (!Array.isArray(context)) throw new UiFault('context', 'expected a list');
  const lines = context.map((entry, at) => {
    if (!isObject(entry) || typeof entry.description !== 'string' || typeof entry.value !== 'string')
      throw new UiFault(`context[${at}]`, 'expected an object with description and value');
    return `${entry.description}: ${entry.value}`;
  });
  return lines.length === 0 ? [] : [{ role: 'system', content: `Context of the application:\n${lines.join('\n')}` }];
}
