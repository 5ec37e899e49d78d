// The items of earlier responses, which come before the input of a response that continues them. The gateway keeps them itself: whoever serves
// keeps nothing.

import { setTimeout as delay } from 'node:timers/promises';
import { isObject, type JsonObject, parseJson } from '../../../../codecs/json/object.ts';
import type { SideConfig } from '../../../config/side-schema.ts';
import { type HttpProblem, isProblem, shortened } from '../../../http/problem.ts';
import type { Requester } from '../../../ipc/side-request.ts';
import type { ResponseRow, ResponseTexts } from '../../store/contract/responses.ts';
import type { Store } from '../../store/contract/store.ts';
import { newItemId, objectIn, outputItems, withoutToolCredentials } from '../response-object.ts';

/** Responses that one may continue, one after the other. */
const MAX_CHAIN = 500;
/** Time in which a response that has just ended, maybe on another machine, is waited for. */
const SETTLE_MS = 2000;
const LOOK_MS = 50;

type EarlierStore = Pick<Store, 'response' | 'responseChain' | 'responseTexts' | 'itemResponses'>;

export interface EarlierOptions {
  readonly store: EarlierStore;
  readonly requester: Requester;
  /** `maxBodyBytes` also bounds the characters of all earlier items together. */
  readonly config: { readonly side: Pick<SideConfig['side'], 'maxBodyBytes'> };
  /** Resolves when what this process knows of a response is in the store. */
  readonly settled: (id: string) => Promise<void>;
}

export interface EarlierItems {
  readonly items: readonly JsonObject[];
  /** Some of it is regulated. */
  readonly isRegulated: boolean;
}

/** Tells whether a response exists for the requester: its key made it, and a client secret sees its own alone. */
export const canReadResponse = (
  { scope, key, secret, endUser }: Requester,
  row: Pick<ResponseRow, 'key' | 'clientSecret' | 'endUser'>,
): boolean => {
  if (scope === 'admin') return true;
  const isOfUser = endUser !== undefined && endUser === row.endUser;
  return key === row.key && (secret === undefined || secret === row.clientSecret || isOfUser);
};

/** Reads the whole conversation up to this response, its own output included, with the ids that items have. */
export async function readEarlier(id: string, options: EarlierOptions): Promise<EarlierItems | HttpProblem> {
  const { store, requester, config } = options;
  const { maxBodyBytes: maxLength } = config.side;
  const ended = await waitForEnd(id, options);
  if (isProblem(ended)) return ended;
  const chain = await store.responseChain(id, MAX_CHAIN + 1);
  if (chain.length > MAX_CHAIN) return tooLong(`more than ${MAX_CHAIN} responses`);
  const [first] = chain;
  // The one that it continues may have been deleted, or be of a time that is over.
  const missing = first === undefined ? id : first.previous;
  if (missing !== undefined) return unknownPrevious(missing);
  if (!chain.every((row) => row.isKept && canReadResponse(requester, row))) return unknownPrevious(id);
  if (chain.reduce((sum, { length }) => sum + length, 0) > maxLength)
    return tooLong(`more than ${maxLength} characters`);
  const texts = await store.responseTexts(chain.map((row) => row.id));
  const items = chain.flatMap((row) => itemsOf(texts[row.id]));
  return { items, isRegulated: chain.some(({ dataClass }) => dataClass === 'regulated') };
}

/** The items of one turn: its input, then its output. */
const itemsOf = (texts: ResponseTexts | undefined): readonly JsonObject[] =>
  texts === undefined ? [] : [...itemsIn(texts.input), ...outputOf(texts)];

/** The items that a stored response came to. */
export const outputOf = ({ result }: Pick<ResponseTexts, 'result'>): readonly JsonObject[] =>
  outputItems(objectIn(result));

/** The items in a text of JSON. */
export function itemsIn(text: string): readonly JsonObject[] {
  const list = parseJson(text);
  return Array.isArray(list) ? list.filter(isObject) : [];
}

/** Kinds of items whose id means nothing to whoever reads them. */
const NAMELESS = /^(message|function_call|custom_tool_call|.*_output)$/;

/** The items as the input of a call: without ids, by which an endpoint would look for them, and without thoughts that it alone could read. */
export function asInput(items: readonly JsonObject[]): readonly JsonObject[] {
  return items.flatMap((item) => {
    const { type = 'message', id: _, status: __, ...rest } = item;
    if (type === 'reasoning') return item.encrypted_content ? [item] : [];
    return NAMELESS.test(String(type)) ? [item.type === undefined ? rest : { type, ...rest }] : [item];
  });
}

/** Items of a request as they are kept and listed: each with an id, the text of a message as a part, and tools without what opens their servers. */
export const itemsToKeep = (items: readonly JsonObject[]): readonly JsonObject[] =>
  items.map(({ id, type = 'message', content, tools, ...rest }) => {
    const known = typeof id === 'string' && id !== '' ? id : newItemId(type === 'message' ? 'msg' : 'item');
    const isText = type === 'message' && typeof content === 'string';
    const part = { type: rest.role === 'assistant' ? 'output_text' : 'input_text', text: content };
    return {
      ...{ id: known, type, ...rest },
      ...(content !== undefined && { content: isText ? [part] : content }),
      ...(tools !== undefined && { tools: withoutToolCredentials(tools) }),
    };
  });

/** The fault of an output in a conversation that is continued, where nothing called its function; in the words of OpenAI. */
export function strayOutput(conversation: readonly JsonObject[]): HttpProblem | undefined {
  const called = new Set(conversation.flatMap(({ type, call_id: id }) => (type === 'function_call' ? [id] : [])));
  const stray = conversation.find(({ type, call_id: id }) => type === 'function_call_output' && !called.has(id));
  const message = `No tool call found for function call output with call_id ${shortened(String(stray?.call_id))}.`;
  return stray && { status: 400, code: 'invalid_request', message, param: 'input', shouldRetry: false };
}

/** A response that has just ended may not be written yet, here or elsewhere. */
async function waitForEnd(id: string, { store, settled }: EarlierOptions): Promise<undefined | HttpProblem> {
  await settled(id);
  const until = performance.now() + SETTLE_MS;
  for (let looks = 0; ; looks++) {
    const row = await store.response(id);
    if (row?.endedAt !== undefined) return undefined;
    // The row of a response that has begun elsewhere comes soon, or never.
    if (row === undefined && looks > 3) return unknownPrevious(id);
    if (performance.now() > until) return stillRuns(id);
    await delay(LOOK_MS, undefined, { ref: false });
  }
}

/** Says it in the words of OpenAI: its SDKs and agents send the whole conversation then. */
const unknownPrevious = (id: string): HttpProblem => ({
  status: 400,
  code: 'previous_response_not_found',
  message: `Previous response with id '${shortened(id)}' not found.`,
  param: 'previous_response_id',
  shouldRetry: false,
});

const stillRuns = (id: string): HttpProblem => ({
  status: 400,
  code: 'response_in_progress',
  message: `previous_response_id: the response ${shortened(id)} has not ended yet; expected one that has`,
  param: 'previous_response_id',
});

export const tooLong = (what: string): HttpProblem => ({
  status: 400,
  code: 'context_length_exceeded',
  message: `the conversation before this response has ${what}; expected a new one that begins with what matters of it`,
  param: 'previous_response_id',
  shouldRetry: false,
});
