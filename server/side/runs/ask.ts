// Asks for a response: checks the request, puts the conversation before it in its place, and counts its call.

import { newResponseId } from '../../../adapters/llm/index.ts';
import type { JsonObject } from '../../../codecs/json/object.ts';
import type { SideConfig } from '../../config/side-schema.ts';
import { type HttpProblem, isProblem } from '../../http/problem.ts';
import type { RefusalRows } from '../../http/request/refusal/refusal-rows.ts';
import type { Router } from '../llm/call.ts';
import type { Catalogues } from '../llm/catalogue/known.ts';
import type { ResponseRow, ResponseTexts } from '../store/contract/responses.ts';
import type { CallRates } from './call/call-rates.ts';
import { type CallDefaults, type CallRequest, type ClientCall, clientCall, type ReadCall } from './call/client-call.ts';
import {
  asInput,
  type EarlierItems,
  type EarlierOptions,
  itemsToKeep,
  readEarlier,
  strayOutput,
} from './conversation/history.ts';
import { resolveReferences } from './conversation/item-references.ts';
import { queuedResponse } from './response-object.ts';
import { type CheckedRequest, type ResponseTerms, responseTerms } from './terms.ts';

type ReadBody = (body: JsonObject, defaults: CallDefaults) => { readonly responses: CheckedRequest } | HttpProblem;

export interface AskMeans extends Pick<EarlierOptions, 'store' | 'settled'> {
  readonly config: Omit<SideConfig, 'processes'>;
  readonly router?: Router | undefined;
  readonly rates: Pick<CallRates, 'take'>;
  readonly refusals?: Pick<RefusalRows, 'add'> | undefined;
  readonly catalogues?: Catalogues | undefined;
  /** Checks the body of a Responses request, and translates it. */
  readonly readBody: ReadBody;
  /** Name of this process, never used before. */
  readonly holder: string;
}

/** A call in the form of Responses, and what becomes of its response. */
export interface AskedResponse {
  readonly call: ClientCall;
  readonly terms: ResponseTerms;
  /** The client reads it as it comes. */
  readonly isStreamed: boolean;
  readonly row: ResponseRow;
  readonly texts: ResponseTexts;
  /** The response as it is when nothing is known of it. */
  readonly response: JsonObject;
  /** All items that it answers, those of earlier responses included. */
  readonly conversation: readonly JsonObject[];
  /** Ends the call. */
  readonly abort: AbortController;
}

export interface Asking extends Omit<CallRequest, 'read' | 'signal'> {
  readonly chat?: string | undefined;
  readonly note?: JsonObject | undefined;
  readonly isBackground?: boolean | undefined;
  /** It has a log, whatever the request says of streams and of keeping. */
  readonly isRun?: boolean | undefined;
  /** Items of a conversation that is not stored, by the id of its last response. */
  readonly unstored?: ((previous: string) => readonly JsonObject[] | undefined) | undefined;
}

interface ReadRequest {
  readonly request: CheckedRequest;
  readonly terms: ResponseTerms;
  readonly id: string;
}

interface WholeRequest extends ReadRequest, Pick<AskedResponse, 'conversation'> {
  /** Some of the conversation is regulated. */
  readonly isRegulated: boolean;
}

type PreparedResponse = Pick<WholeRequest, 'conversation' | 'isRegulated'> & Pick<AskedResponse, 'response'>;

/** Checks a request and counts its call, which has to be made. */
export async function askResponse(asking: Asking, options: AskMeans): Promise<AskedResponse | HttpProblem> {
  const abort = new AbortController();
  let known: WholeRequest | undefined;
  const read = async (body: JsonObject, defaults: CallDefaults): Promise<ReadCall | HttpProblem> => {
    const asked = { ...body, ...(asking.isBackground && { background: true }) };
    const whole = await readWhole(asked, { asking, defaults, options });
    if (isProblem(whole)) return whole;
    const { request, conversation } = whole;
    const stray = request.previousResponseId === undefined ? undefined : strayOutput(conversation);
    if (stray !== undefined) return stray;
    known = whole;
    return callOf(whole, asking);
  };
  const call = await clientCall({ ...asking, read, signal: abort.signal }, options);
  if (isProblem(call)) return call;
  if (known === undefined) throw new Error('the body was not read');
  const { request, terms } = known;
  const row = { ...rowOf(call, known, asking), holder: options.holder };
  const { id, previous, isKept, isBackground, createdAt } = row;
  const own = { id, previous, isKept, isBackground };
  const response = queuedResponse({ own, body: request.body, createdAt });
  const input = JSON.stringify(itemsToKeep(request.items));
  const texts = { input, result: JSON.stringify(response), note: asking.note };
  const { conversation } = known;
  const named = { ...call, call: { ...call.call, response: id } };
  return { call: named, terms, isStreamed: request.isStreamed, row, texts, response, conversation, abort };
}

/** Reads a request that is not answered: its conversation may be continued. */
export async function prepareResponse(asking: Asking, options: AskMeans): Promise<PreparedResponse | HttpProblem> {
  const parsed = asking.parse();
  if (isProblem(parsed)) return parsed;
  const defaults: CallDefaults = { maxTokens: undefined, unknownFields: 'drop', dataClass: 'open' };
  const whole = await readWhole(parsed.body, { asking, defaults, options });
  if (isProblem(whole)) return whole;
  const { id, request, conversation, isRegulated } = whole;
  const own = { id, previous: request.previousResponseId, isKept: false, isBackground: false };
  const response = queuedResponse({ own, body: request.body, createdAt: Date.now() });
  return { response, conversation, isRegulated };
}

interface Checking {
  readonly asking: Asking;
  readonly defaults: CallDefaults;
  readonly options: AskMeans;
}

function check(
  body: JsonObject,
  { asking: { requester }, defaults, options: { readBody, config } }: Checking,
): ReadRequest | HttpProblem {
  const read = readBody(body, defaults);
  if (isProblem(read)) return read;
  const { responses: request } = read;
  const terms = responseTerms(request, { config, requester, dataClass: defaults.dataClass });
  return isProblem(terms) ? terms : { request, terms, id: newResponseId() };
}

/** Reads a request with the conversation before it, and with the items that it refers to. */
async function readWhole(body: JsonObject, checking: Checking): Promise<WholeRequest | HttpProblem> {
  const checked = check(body, checking);
  if (isProblem(checked)) return checked;
  const { asking, options } = checking;
  const { requester } = asking;
  const own = await resolveReferences(checked.request.items, { ...options, requester });
  if (isProblem(own)) return own;
  const earlier = await earlierItems(checked, asking, options);
  if (isProblem(earlier)) return earlier;
  const request = { ...checked.request, items: own.items };
  const isRegulated = own.isRegulated || earlier.isRegulated;
  return { ...checked, request, conversation: conversationOf(request, earlier), isRegulated };
}

function callOf({ request, terms, id, conversation, isRegulated }: WholeRequest, asking: Asking): ReadCall {
  const { addedMaxTokens, dropped, background, isStreamed, endUser } = request;
  const llm = request.call(conversation, terms.isKept || asking.isRun || background ? id : undefined);
  const isAsItComes = isStreamed || background || asking.isRun === true;
  const dataClass = isRegulated ? 'regulated' : undefined;
  return { llm: { ...llm, isStreamed: isAsItComes }, endUser, addedMaxTokens, dropped, dataClass };
}

/** Items go on as they came where nothing is before them. */
const conversationOf = (request: CheckedRequest, earlier: EarlierItems): readonly JsonObject[] =>
  request.previousResponseId === undefined ? request.items : [...asInput(earlier.items), ...asInput(request.items)];

async function earlierItems(
  { request: { previousResponseId: previous } }: ReadRequest,
  { requester, unstored }: Asking,
  options: AskMeans,
): Promise<EarlierItems | HttpProblem> {
  if (previous === undefined) return nothing;
  const items = unstored?.(previous);
  return items === undefined ? readEarlier(previous, { ...options, requester }) : { items, isRegulated: false };
}

function rowOf(
  { call }: ClientCall,
  { request, terms, id }: ReadRequest,
  { requester, chat }: Asking,
): Omit<ResponseRow, 'holder'> {
  const { key, team, endUser, promptClass, dataClass, isRehearsal } = call;
  const { background: isBackground, previousResponseId: previous } = request;
  return {
    ...{ key, team, endUser, promptClass, dataClass, isRehearsal, isBackground, previous, chat, id },
    isKept: terms.isKept,
    clientSecret: requester.secret,
    isStreamed: false,
    isCut: false,
    state: isBackground ? 'queued' : 'in_progress',
    createdAt: Date.now(),
  };
}

const nothing: EarlierItems = { items: [], isRegulated: false };
