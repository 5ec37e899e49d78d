// Answers requests by the table of routes (`ipc/side-routes.ts`): finds the handler, and writes problems in the shape that clients read.

import { outOfDescriptors } from '../../http/connection/descriptors.ts';
import { unknownPath } from '../../http/nearest-path.ts';
import { type HttpProblem, problemReply } from '../../http/problem.ts';
import type { EmitPart, SideHandler, SideReplyHead, SideRequest } from '../../ipc/side-request.ts';
import { type SideRouteMatch, type SideRouteName, sidePaths, sideRoutesAt } from '../../ipc/side-routes.ts';
import { faultOf } from '../../platform/log.ts';
import { newId } from '../../platform/uuid-v7.ts';
import { CallRates } from '../runs/call/call-rates.ts';
import { RunHost } from '../runs/host.ts';
import { StoreError } from '../store/contract/store.ts';
import { postChatCompletion } from './chat/chat.ts';
import { postMessage } from './chat/messages/messages.ts';
import { getModel, getModels } from './chat/models.ts';
import { postEmbeddings, postModeration, postTokenCount } from './chat/passed.ts';
import type { RoutedRequest, RouteHandler, SideHttpOptions } from './handler.ts';
import { deleteKey, getKey, getKeys, patchKey, postKey, postKeyRevoke, postKeyRotate } from './keys/keys.ts';
import { getTeams } from './keys/teams.ts';
import { getAudit } from './ledger/audit.ts';
import { getBudgets } from './ledger/budgets.ts';
import { getExport } from './ledger/export.ts';
import { postFeedback } from './ledger/feedback.ts';
import { getLedger, getLedgerRows } from './ledger/ledger.ts';
import { readResponsesBody } from './responses/body.ts';
import { postCompaction } from './responses/compact.ts';
import { deleteResponse, getResponse, getResponseItems, postResponseCancel } from './responses/read.ts';
import { postResponse } from './responses/responses.ts';
import { mintProviderSecret, postClientSecret } from './session/client-secrets.ts';
import { getSessionContext } from './session/context.ts';
import { postSessionEnd } from './session/end.ts';
import { sessionEventsHandler } from './session/events.ts';
import { getSessions } from './session/list.ts';
import { deleteSession, getSession, getSessionResume } from './session/session.ts';
import { getTask, getTasks, postTask, postTaskRetry, postTasksRetry } from './session/tasks.ts';
import { getSessionTimeline } from './session/timeline.ts';
import { getAgUiStream, postAgUi } from './ui/ag-ui.ts';
import { getUiChatStream, postUiChat, postUiChatStop } from './ui/chat.ts';

const handlersFor = (options: SideHttpOptions): Readonly<Record<SideRouteName, RouteHandler>> => ({
  ...{
    getSessions,
    getSession,
    deleteSession,
    postSessionEnd,
    getSessionContext,
    getSessionResume,
    getSessionTimeline,
  },
  getSessionEvents: sessionEventsHandler(options),
  ...{ postClientSecret, mintProviderSecret },
  ...{ postTask, getTasks, getTask, postTaskRetry, postTasksRetry },
  ...{ postKey, getKeys, getKey, patchKey, deleteKey, postKeyRotate, postKeyRevoke, getTeams },
  ...{ postFeedback, getLedger, getLedgerRows, getBudgets, getExport, getAudit },
  ...{ postEmbeddings, postModeration, postTokenCount },
  ...{ postChatCompletion, postMessage, getModels, getModel },
  ...{ postUiChat, getUiChatStream, postUiChatStop, postAgUi, getAgUiStream },
  ...{ postResponse, postCompaction, getResponse, deleteResponse, getResponseItems, postResponseCancel },
});

export function createSideHttp(options: SideHttpOptions): SideHandler {
  const handlers = handlersFor(options);
  const { rates = new CallRates(options) } = options;
  const runs = options.runs ?? new RunHost({ ...options, rates, readBody: readResponsesBody, holder: newId() });
  const shared = { ...options, rates, runs };
  return async (request, emit, signal) => {
    const matches = sideRoutesAt(request.requester.scope, request.path);
    const match = matches.find(({ route }) => route.method === request.method);
    const asked: RoutedRequest['asked'] = {};
    let hasBegun = false;
    const begin: EmitPart = (part, isPaced) => {
      hasBegun = true;
      return emit(part, isPaced);
    };
    try {
      if (match === undefined) return void emit(problemHead(request, unrouted(request, matches)));
      const { route, parameters } = match;
      // The call would take one more, toward its LLM gateway.
      if (route.awaitsLlm && (options.descriptors?.state(1) ?? 'free') !== 'free')
        return void emit(problemHead(request, outOfDescriptors, asked));
      const routed = { ...request, body: joined(request.body), parameters, emit: begin, signal, asked };
      const problem = await handlers[route.name](routed, shared);
      if (problem !== undefined) emit(problemHead(request, problem, asked));
    } catch (error) {
      // The pattern, since a path has ids that clients made.
      const { requestId } = request;
      options.log.error({ path: matches[0]?.route.path, requestId, ...faultOf(error) }, 'side request failed');
      // An answer that has begun breaks off, so that it does not look complete.
      if (hasBegun) throw error;
      emit(problemHead(request, error instanceof StoreError ? storeFailed(error.code) : internal, asked));
    }
  };
}

function unrouted({ requester, path }: SideRequest, matches: readonly SideRouteMatch[]): HttpProblem {
  if (matches.length === 0) return unknownPath(path, sidePaths(requester.scope));
  const methods = matches.map(({ route }) => route.method);
  const allow = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  return { status: 405, code: 'method_not_allowed', message: `expected ${methods.join(' or ')}`, allow };
}

function joined(body: SideRequest['body']): Buffer | undefined {
  return body === undefined || Buffer.isBuffer(body) ? body : Buffer.concat(body);
}

function problemHead(request: SideRequest, problem: HttpProblem, asked: RoutedRequest['asked'] = {}): SideReplyHead {
  const { path, method } = request;
  const { status, headers, body } = problemReply(path, problem, request);
  // A look at what is not there, or not yet, is no refusal.
  const refused = status === 404 && method === 'GET' ? undefined : { code: problem.code, status, ...asked };
  return { status, headers, body: Buffer.from(body), refused };
}

const STORE_WORDS = {
  store_full: 'the disk of the store is full',
  store_unavailable: 'the store cannot be reached',
  store_damaged: 'the store is damaged',
} as const;

/** Answers a request that the store does not take. */
export const storeFailed = (code: StoreError['code']): HttpProblem => ({
  status: 503,
  code,
  message: `the store of the side path cannot be used now: ${STORE_WORDS[code]}`,
  retryAfterS: 5,
});

const internal: HttpProblem = { status: 500, code: 'internal', message: 'the side path failed to answer' };
