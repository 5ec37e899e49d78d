// Makes a call of a client, whatever its form: its class and data class, its check, and its place within the rates of its key.

import type { LlmCall } from '../../../../adapters/llm/contract.ts';
import type { JsonObject } from '../../../../codecs/json/object.ts';
import { matchesGlob } from '../../../../codecs/text/glob.ts';
import { readTraceParent } from '../../../../codecs/text/trace-parent.ts';
import type { SideConfig } from '../../../config/side-schema.ts';
import { type HttpProblem, isProblem, shortened } from '../../../http/problem.ts';
import { type RefusalRows, refusedAsking } from '../../../http/request/refusal/refusal-rows.ts';
import { secretExpired } from '../../../http/request/refusals.ts';
import { CACHE_HEADER, type Requester, type SideRequest } from '../../../ipc/side-request.ts';
import type { DataClass } from '../../../ipc/stored-rows.ts';
import { windowOfSecret } from '../../billing/budgets/budget.ts';
import { maxPromptTokens } from '../../billing/prompt-tokens.ts';
import type { CacheControl, Call, Router } from '../../llm/call.ts';
import type { Catalogues } from '../../llm/catalogue/known.ts';
import type { ToldCall } from './answer-headers.ts';
import { cacheControlOf } from './cache-control.ts';
import type { CallRates } from './call-rates.ts';
import { chatClassOf, chatScopeOf } from './class.ts';

/** The body of a request, as the check of its form has read it. */
export interface ReadCall {
  readonly llm: LlmCall;
  /** The app's own name for its user. `safety_identifier` took the place of `user` in OpenAI's API. */
  readonly endUser?: string | undefined;
  /** The limit of an answer that is not the client's own. */
  readonly addedMaxTokens: number | undefined;
  /** Names of fields that change nothing here, and do not go on. */
  readonly dropped: readonly string[];
  /** The class of text that the request refers to, where it is stricter. */
  readonly dataClass?: DataClass | undefined;
}

export interface CallDefaults {
  /** The limit of an answer where the client gives none; undefined: none. */
  readonly maxTokens: number | undefined;
  readonly unknownFields: 'refuse' | 'drop';
  readonly dataClass: DataClass;
}

/** The request of a client, in a form that has `model` at its top. */
export interface CallRequest extends Pick<SideRequest, 'requester' | 'headers' | 'path'> {
  /** Reads the request as JSON, after the caller was found to be allowed to call. */
  parse(): { readonly body: JsonObject } | HttpProblem;
  /** Checks the body in the form of the client. May ask the store. */
  read(body: JsonObject, defaults: CallDefaults): ReadCall | HttpProblem | Promise<ReadCall | HttpProblem>;
  /** Aborted when nobody wants the answer any more. */
  readonly signal: AbortSignal;
  /** Facts that are found out; log and metrics tell them of a request that is refused. */
  readonly asked: { promptClass?: string; model?: string };
}

interface CallMeans {
  readonly config: Omit<SideConfig, 'processes'>;
  /** Undefined on the command line, which makes no calls. */
  readonly router?: Router | undefined;
  readonly rates: Pick<CallRates, 'take'>;
  /** Told of calls that are refused before they are a call. Undefined where no rows are written. */
  readonly refusals?: Pick<RefusalRows, 'add'> | undefined;
  /** undefined: no model of a pattern is known. */
  readonly catalogues?: Catalogues | undefined;
}

export interface ClientCall extends ToldCall {
  readonly call: Call;
  readonly router: Router;
}

/** Counts the call against its rates, so it has to be made. */
export async function clientCall(
  request: CallRequest,
  { config, router, rates, catalogues, refusals }: CallMeans,
): Promise<ClientCall | HttpProblem> {
  const refuse = (problem: HttpProblem, dataClass?: DataClass): HttpProblem => {
    const { promptClass, model } = request.asked;
    refusals?.add(refusedAsking(request.requester, { kind: 'chat', asked: model, promptClass, dataClass }, problem));
    return problem;
  };
  // A refusal of the caller comes before what is wrong with the call.
  const scope = chatScopeOf(request, config);
  if (isProblem(scope)) return refuse(scope);
  const parsed = request.parse();
  if (isProblem(parsed)) return parsed;
  const { body } = parsed;
  const { model: name } = body;
  const { asked, requester, signal } = request;
  if (typeof name === 'string') asked.model = shortened(name);
  const refused = secretProblem(requester, name);
  if (refused !== undefined) return refuse(refused, scope.dataClass);
  const chosen = chatClassOf(scope, config, {
    name: typeof name === 'string' && name !== '' ? name : undefined,
    catalogues,
  });
  if (isProblem(chosen)) return refuse(chosen, scope.dataClass);
  const { promptClass, settings } = chosen;
  asked.promptClass = promptClass;
  const read = await request.read(body, {
    maxTokens: settings.maxTokens,
    unknownFields: scope.unknownFields ?? settings.unknownFields,
    dataClass: chosen.dataClass,
  });
  if (isProblem(read)) return read;
  if (router === undefined) return noRouter;
  const { llm, dropped, addedMaxTokens: classMaxTokens, dataClass = chosen.dataClass } = read;
  // A key that is for one user counts for that one, whatever the call says; a page has no say in it.
  const named = requester.secret === undefined ? read.endUser : undefined;
  const endUser = requester.settings?.endUser ?? named;
  const call: Call = {
    kind: 'chat',
    promptClass,
    dataClass,
    key: requester.key,
    team: requester.team,
    endUser,
    tags: requester.settings?.tags,
    model: chosen.model,
    windows: windowsOf(requester),
    llm,
    isRehearsal: config.hasRehearsalGateway,
    signal,
    cacheControl: readCacheControl(request),
    trace: config.telemetry && readTraceParent(request.headers.traceparent, request.headers.tracestate),
  };
  const rated = await rates.take(request, { endUser, estimate: () => mostTokens(body, call) });
  return isProblem(rated) ? refuse(rated, dataClass) : { call, router, dropped, classMaxTokens, rated };
}

/** Nothing of a key whose text is not kept stays in a cache. */
function readCacheControl({ headers, requester }: CallRequest): CacheControl | undefined {
  if (requester.settings?.transcripts === 'off') return { noCache: true, noStore: true };
  const text = headers[CACHE_HEADER];
  return text === undefined ? undefined : cacheControlOf(text);
}

/** A client secret makes calls until it expires, and where it names models of these alone, with their provider or without. */
function secretProblem({ calls }: Requester, name: unknown): HttpProblem | undefined {
  const { models, expiresAt = Number.POSITIVE_INFINITY } = calls ?? {};
  if (expiresAt <= Date.now()) return secretExpired;
  if (models === undefined) return undefined;
  const asked = typeof name === 'string' ? name : '';
  const isNamed = models.some((pattern) =>
    [pattern, pattern.slice(pattern.indexOf('/') + 1)].some((one) => matchesGlob(one, asked)),
  );
  if (asked !== '' && isNamed) return undefined;
  return {
    ...{ status: 403, code: 'model_not_allowed', param: 'model', shouldRetry: false },
    message: `this client secret may use ${models.join(', ')}, got "${shortened(asked)}"`,
  };
}

const windowsOf = ({ secret, calls }: Requester): Call['windows'] =>
  secret === undefined || calls?.maxMicroUsd === undefined
    ? undefined
    : [windowOfSecret(secret, calls.maxMicroUsd, calls.expiresAt)];

/** Estimates the tokens of prompt and answer; those of an answer without a limit are not known before. */
function mostTokens(body: JsonObject, { llm, model = '' }: Call): number {
  const { tokens, audioTokens } = maxPromptTokens(JSON.stringify(body), llm, model);
  return tokens + audioTokens + (llm.maxTokens ?? 0);
}

const noRouter: HttpProblem = { status: 501, code: 'no_gateway', message: 'no calls are made from here' };
