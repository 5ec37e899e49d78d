// Answers a plain request of a client: what every one of them has to pass, and what becomes of a refusal. What it asks for is for the
// listener to know.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Handshake } from '../../../adapters/realtime/contract.ts';
import type { HttpReply, Refusal } from '../../../adapters/realtime/refusal.ts';
import type { SideRefusal } from '../../ipc/side-request.ts';
import { isForAnthropic, sideRoutes, sideRoutesAt } from '../../ipc/side-routes.ts';
import type { RefusalCounts } from '../../platform/metrics.ts';
import { allowReading, preflightReply } from '../cors.ts';
import { readHandshake } from '../handshake.ts';
import { checkHost } from '../origin-policy.ts';
import { problemReply } from '../problem.ts';
import { sendReply } from '../reply.ts';
import { askedFor } from './facts.ts';
import { checkRequest } from './guard.ts';
import { admitPage } from './keys/secret-page.ts';
import type { RequestPolicy } from './policy.ts';
import type { RefusalLog } from './refusal/refusal-log.ts';
import { badTarget, isRefusal, refuse } from './refusals.ts';
import { REQUEST_ID_HEADER, type RequestSource } from './source.ts';

/** A request whose answer is to be written. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly source: RequestSource;
}

/** A request that has passed what every one has to pass. */
export interface CheckedExchange extends Exchange {
  readonly handshake: Handshake;
}

/** undefined where the answer has been written; `refused` where it has been, and says what was wrong. */
export type Answer = HttpReply | Refusal | { readonly refused: SideRefusal } | undefined;

interface AnswerContext {
  readonly metrics: RefusalCounts;
  readonly logRefusal: RefusalLog;
  policy(): RequestPolicy;
  /** Finds the answer, or writes it. */
  reply(exchange: CheckedExchange): Promise<Answer> | Answer;
}

/** Answers one request. Faults become a 500 for that request alone. */
export async function answerHttp(exchange: Exchange, context: AnswerContext): Promise<void> {
  const { request, response, source } = exchange;
  response.setHeader(REQUEST_ID_HEADER, source.requestId);
  allowReading(request, response, context.policy().origins.allowed);
  try {
    const answer = await checkedReply(exchange, context);
    request.resume();
    if (answer === undefined) return;
    if ('refused' in answer) return reportRefusal(exchange, answer.refused, context);
    if (isRefusal(answer)) {
      const { code, status, cause } = answer;
      context.metrics.refused(code, status);
      reportRefusal(exchange, { code, status, cause }, context);
    }
    sendReply(response, isRefusal(answer) ? refuse(request, answer, source.requestId) : answer);
  } catch {
    request.resume();
    if (response.headersSent) return void response.destroy();
    sendReply(response, problemReply('', { status: 500, code: 'internal', message: 'the gateway failed to answer' }));
  }
}

async function checkedReply(exchange: Exchange, context: AnswerContext): Promise<Answer> {
  const { request, response, source } = exchange;
  const ambiguous = checkRequest(request);
  if (ambiguous !== undefined) {
    response.shouldKeepAlive = false;
    return ambiguous;
  }
  const handshake = readHandshake(request);
  if (handshake === undefined) return badTarget;
  const routes = sideRoutesAt('key', handshake.path).map(({ route }) => route);
  if (isForAnthropic(handshake.path, request.headers)) response.setHeader(ANTHROPIC_ID_HEADER, source.requestId);
  const policy = context.policy();
  const asked = { request, response, handshake, address: source.address, policy };
  const refused = checkHost(request, policy.origins) ?? (await admitPage(asked));
  const methods = routes.map(({ method }) => method);
  return refused ?? preflightReply(request, methods) ?? context.reply({ ...exchange, handshake });
}

/** The header in which Anthropic's SDKs read the id of a request. */
const ANTHROPIC_ID_HEADER = 'request-id';

/** The paths of calls, which are counted by key and class when they are refused. */
const CALL_PATHS = sideRoutes
  .filter(({ awaitsLlm, isChat, isAnthropic }) => awaitsLlm && (isChat || isAnthropic))
  .map(({ path }) => path);

/** Logs a refusal, and counts refused calls. */
function reportRefusal(
  { request, source }: Exchange,
  { promptClass, ...refused }: SideRefusal & Pick<Refusal, 'cause'>,
  { metrics, policy, logRefusal }: AnswerContext,
): void {
  const asked = askedFor(request, policy());
  const facts = { ...source, ...asked, class: promptClass ?? asked.class, ...refused };
  if (CALL_PATHS.includes(facts.route ?? '')) metrics.refusedCall(facts);
  logRefusal(facts, 'request refused');
}
