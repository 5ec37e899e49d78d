// The frames of the AI SDK's `WebSocketChatTransport`: what a page may send (https://ai-sdk.dev/docs/reference/ai-sdk-ui/websocket-chat-transport,
// part "Wire Protocol"), and what it is answered.

import { isTooDeep, MAX_JSON_DEPTH } from '../../../../codecs/json/depth.ts';
import { isObject, type JsonObject } from '../../../../codecs/json/object.ts';
import { FORWARDED_HEADERS } from '../../../ipc/side-request.ts';

/** `requestId`: '' where the frame has none that could be answered. */
export type ChatFrame =
  | { readonly type: 'send'; readonly requestId: string; readonly headers: Headers; readonly body: JsonObject }
  | ({ readonly type: 'resume'; readonly requestId: string } & Resumed)
  | { readonly type: 'abort'; readonly requestId: string }
  | { readonly type: 'wrong'; readonly requestId: string; readonly message: string; readonly param?: string };

type Headers = Readonly<Record<string, string>>;

interface Resumed {
  /** The id of the chat. */
  readonly chat: string;
  /** The answer that the page has begun to read, by the id of its response; undefined: the last one of the chat. */
  readonly response: string | undefined;
  /** The request under which the page sent its message, where it does not know whether that arrived. */
  readonly sentAs: string | undefined;
  /** The last chunk that the page has of that answer; undefined: it wants all of them, and what stood before in their message. */
  readonly lastSequence: number | undefined;
}

const TYPES = ['send', 'resume', 'abort'];

export function readChatFrame(text: string): ChatFrame {
  const frame = isTooDeep(text) ? undefined : objectOf(text);
  const requestId = isId(frame?.requestId) ? frame.requestId : '';
  const wrong = (message: string, param?: string): ChatFrame => ({
    ...{ type: 'wrong', requestId, message },
    ...(param === undefined ? {} : { param }),
  });
  if (frame === undefined) return wrong(`expected an object in JSON, nested at most ${MAX_JSON_DEPTH} deep`);
  const { type } = frame;
  if (requestId === '') return wrong(`requestId: expected a text of 1 to ${MAX_ID_CHARS} characters`, 'requestId');
  if (type === 'abort') return { type, requestId };
  if (type !== 'send' && type !== 'resume') return wrong(`type: expected one of ${TYPES.join(', ')}`, 'type');
  for (const field of ['headers', 'body'])
    if (frame[field] !== undefined && !isObject(frame[field])) return wrong(`${field}: expected an object`, field);
  if (type === 'send') return { type, requestId, headers: headersOf(frame), body: bodyOf(frame) };
  const resumed = resumedOf(frame);
  return 'expected' in resumed ? wrong(resumed.expected, resumed.param) : { type, requestId, ...resumed };
}

/** A number says nothing without its answer: another page may have asked for a newer one since then. */
function resumedOf({
  id,
  responseId,
  sentAs,
  lastSequence,
}: JsonObject): Resumed | { expected: string; param: string } {
  const wrong = (param: string, expected: string) => ({ param, expected: `${param}: expected ${expected}` });
  if (!isId(id)) return wrong('id', `the id of the chat, a text of 1 to ${MAX_ID_CHARS} characters`);
  if (responseId !== undefined && !isId(responseId))
    return wrong('responseId', 'the id of an answer, as metadata of its message have it');
  if (sentAs !== undefined && !isId(sentAs)) return wrong('sentAs', 'the requestId of a message');
  if (lastSequence !== undefined && !isSequence(lastSequence))
    return wrong('lastSequence', 'the number of a chunk, from 0 on');
  if (lastSequence !== undefined && responseId === undefined)
    return wrong('responseId', 'the id of the answer that lastSequence counts in, as metadata of its message have it');
  return { chat: id, response: responseId, sentAs, lastSequence };
}

/** Each reply has the id of its request, so that a long one would be sent again and again. */
const MAX_ID_CHARS = 200;

const isId = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= MAX_ID_CHARS;

function objectOf(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isSequence = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** The body as `POST /v1/ui/chat` has it: there the fields of the request stand among those of the page. */
function bodyOf({ body, id, messages, trigger, messageId }: JsonObject): JsonObject {
  return { ...(body as JsonObject | undefined), id, messages, trigger, messageId };
}

/** The headers of the frame that a request may have. A credential is none of them: the handshake had it. */
function headersOf({ headers }: JsonObject): Headers {
  const given = Object.entries((headers as JsonObject | undefined) ?? {});
  const named = given.map(([name, value]) => [name.toLowerCase(), value] as const);
  return Object.fromEntries(
    named.filter(
      (entry): entry is [string, string] => FORWARDED_HEADERS.includes(entry[0]) && typeof entry[1] === 'string',
    ),
  );
}

/** A frame to the page. One without a request would end its socket, so that even '' is one. */
export type ChatReply =
  | { readonly type: 'start' | 'end' | 'no-active'; readonly requestId: string }
  | { readonly type: 'chunk'; readonly requestId: string; readonly sequence: number; readonly chunk: JsonObject }
  | ({ readonly type: 'error'; readonly requestId: string; readonly errorText: string } & ReplyProblem);

/** Fields for other clients than that of the AI SDK, which reads the text alone. */
interface ReplyProblem {
  readonly code: string;
  readonly param?: string | undefined;
}
