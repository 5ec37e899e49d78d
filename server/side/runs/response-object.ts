// The response object of the Responses API: as it is when nothing is known of it yet, with our own fields in one that an endpoint made, and as
// the last event of a run that no endpoint ended.

import { randomBytes } from 'node:crypto';
import { isObject, type JsonObject, parseJson } from '../../../codecs/json/object.ts';
import type { ResponseState } from '../store/contract/responses.ts';

/** The id of an item, as OpenAI makes them: a short word of what it is, and digits in hex. */
export const newItemId = (kind: 'msg' | 'item'): string => `${kind}_${randomBytes(16).toString('hex')}`;

/** Fields of the response object that are ours, whatever an endpoint writes. */
export interface OwnFields {
  readonly id: string;
  readonly previous: string | undefined;
  readonly isKept: boolean;
  readonly isBackground: boolean;
}

export const withOwnFields = (response: JsonObject, { id, previous, isKept, isBackground }: OwnFields): JsonObject => ({
  ...response,
  id,
  previous_response_id: previous ?? null,
  store: isKept,
  background: isBackground,
});

interface Begun {
  readonly own: OwnFields;
  /** The body of the request. */
  readonly body: JsonObject;
  readonly createdAt: number;
}

/** Fields of a request that a response repeats, with the value that each has where the request does not say. */
const REPEATED: Readonly<Record<string, unknown>> = {
  instructions: null,
  max_output_tokens: null,
  max_tool_calls: null,
  metadata: {},
  model: '',
  parallel_tool_calls: true,
  reasoning: { effort: null, summary: null },
  service_tier: 'default',
  temperature: 1,
  text: { format: { type: 'text' } },
  tool_choice: 'auto',
  tools: [],
  top_p: 1,
  truncation: 'disabled',
};

/** Leaves out of tools, and of those within them, what opens their servers, as OpenAI does: a response and its items are kept. */
export const withoutToolCredentials = (tools: unknown): unknown =>
  Array.isArray(tools) ? tools.map((tool) => (isObject(tool) ? withoutCredential(tool) : tool)) : tools;

const withoutCredential = ({ authorization: _, headers: __, ...tool }: JsonObject): JsonObject =>
  tool.tools === undefined ? tool : { ...tool, tools: withoutToolCredentials(tool.tools) };

/** Writes a response of which no endpoint has said anything yet. */
export function queuedResponse({ own, body, createdAt }: Begun): JsonObject {
  const repeated = Object.entries(REPEATED).map(([name, value]) => [name, withoutToolCredentials(body[name] ?? value)]);
  const response = {
    id: own.id,
    object: 'response',
    created_at: Math.floor(createdAt / 1000),
    status: 'queued',
    error: null,
    incomplete_details: null,
    output: [],
    usage: null,
    ...Object.fromEntries(repeated),
  };
  return withOwnFields(response, own);
}

/** A short code and a sentence, as in `error` of a response. */
export interface ResponseFault {
  readonly code: string;
  readonly message: string;
}

/** Writes the response of a run that no endpoint ended: `fault` where it failed, else it was cancelled. */
export const brokenResponse = (response: JsonObject, fault: ResponseFault | undefined): JsonObject => ({
  ...response,
  status: fault === undefined ? 'cancelled' : 'failed',
  error: fault === undefined ? null : { code: fault.code, message: fault.message },
});

/** The type of the event that ends a log with this response. The API has none for a cancelled one: SDKs end a stream with this. */
export const lastEventType = ({ status }: JsonObject): string =>
  status === 'failed' ? 'response.failed' : 'response.incomplete';

export const responseEventData = (type: string, sequence: number, response: JsonObject): string =>
  JSON.stringify({ type, sequence_number: sequence, response });

/** A response object in a text of JSON. */
export function objectIn(text: string): JsonObject {
  const value = parseJson(text);
  return isObject(value) ? value : {};
}

/** The items that a response came to. */
export const outputItems = ({ output }: JsonObject): readonly JsonObject[] =>
  Array.isArray(output) ? output.filter(isObject) : [];

type EndedState = Exclude<ResponseState, 'queued' | 'in_progress'>;

const STATES: Readonly<Record<string, EndedState>> = {
  completed: 'completed',
  incomplete: 'incomplete',
  failed: 'failed',
  cancelled: 'cancelled',
};

/** The state of a response that has ended, by its `status`. */
export const endedState = ({ status }: JsonObject): EndedState => STATES[String(status)] ?? 'failed';
