// Answers what HTTP clients ask of the side process: finds the route, runs it, and turns what is wrong into the shape of the asker.

import { type PathParameters, pathPattern } from '../../../codecs/path-pattern.ts';
import { chatProblemReply, type HttpProblem, plainProblemReply } from '../../http/problem.ts';
import type { EmitPart, SideHandler, SideReplyHead, SideRequest } from '../../ipc/side-request.ts';
import { isChatPath } from '../../ipc/side-routes.ts';
import { faultOf } from '../../platform/log.ts';
import { StoreError } from '../store/contract.ts';
import { chatRoutes } from './chat/chat.ts';
import { modelRoutes } from './chat/models.ts';
import { exportRoutes } from './export.ts';
import { ledgerRoutes } from './ledger.ts';
import type { Route, SideHttpOptions } from './route.ts';
import { sessionEventRoutes } from './session/events.ts';
import { contextRoutes } from './session/history.ts';
import { sessionRoutes } from './session/session.ts';
import { taskRoutes } from './tasks.ts';

/** Every route, for keys and for the administrator. */
export function sideRoutes(options: SideHttpOptions): readonly Route[] {
  return [
    ...sessionRoutes,
    ...sessionEventRoutes(options),
    ...contextRoutes,
    ...taskRoutes,
    ...ledgerRoutes,
    ...exportRoutes,
    ...chatRoutes,
    ...modelRoutes,
  ];
}

export function createSideHttp(options: SideHttpOptions): SideHandler {
  const routes = sideRoutes(options);
  const find = finder(routes);
  return async (request, emit, signal) => {
    let hasBegun = false;
    const begin: EmitPart = (part, isPaced) => {
      hasBegun = true;
      return emit(part, isPaced);
    };
    try {
      const problem = await run(find(request), request, { options, emit: begin, signal });
      if (problem !== undefined) emit(written(request, problem));
    } catch (error) {
      options.log.error({ path: templateOf(routes, request), ...faultOf(error) }, 'side request failed');
      // What has begun breaks off, so that it does not look complete.
      if (hasBegun) throw error;
      emit(written(request, error instanceof StoreError ? storeFailed(error) : internal));
    }
  };
}

interface Running {
  readonly options: SideHttpOptions;
  readonly signal: AbortSignal;
  readonly emit: EmitPart;
}

interface Found {
  readonly route: Route;
  readonly params: PathParameters;
}

/** Finds the routes of a path, whatever their method. Paths without parameters are looked up once. */
function finder(routes: readonly Route[]): (request: SideRequest) => readonly Found[] {
  const plain = new Map<string, readonly Found[]>();
  const fixed = new Set(routes.map(({ path }) => path).filter((path) => !path.includes('{')));
  return ({ path, requester: { scope } }) => {
    const known = plain.get(`${scope} ${path}`);
    if (known !== undefined) return known;
    const found = routes.flatMap((route) => {
      const params = route.scope === scope ? matcherOf(route)(path) : undefined;
      return params === undefined ? [] : [{ route, params }];
    });
    if (fixed.has(path)) plain.set(`${scope} ${path}`, found);
    return found;
  };
}

async function run(
  onPath: readonly Found[],
  request: SideRequest,
  { options, emit, signal }: Running,
): Promise<HttpProblem | undefined> {
  const found = onPath.find(({ route }) => route.method === request.method);
  if (found !== undefined) {
    const asked = { ...request, body: wholeOf(request.body), params: found.params, emit, signal };
    return found.route.answer(asked, options);
  }
  if (onPath.length === 0) return { status: 404, code: 'unknown_path', message: 'the side path has no such path' };
  const methods = onPath.map(({ route }) => route.method).join(' or ');
  return { status: 405, code: 'method_not_allowed', message: `expected ${methods}` };
}

function wholeOf(body: SideRequest['body']): Buffer | undefined {
  return body === undefined || Buffer.isBuffer(body) ? body : Buffer.concat(body);
}

const matchers = new Map<string, ReturnType<typeof pathPattern>>();

/** The matcher of a route, compiled once. */
function matcherOf({ path }: Route): ReturnType<typeof pathPattern> {
  const matcher = matchers.get(path) ?? pathPattern(path);
  matchers.set(path, matcher);
  return matcher;
}

/** For the log, which has no ids of clients' making. */
function templateOf(routes: readonly Route[], { path }: SideRequest): string | undefined {
  return routes.find((route) => matcherOf(route)(path) !== undefined)?.path;
}

function written({ path }: SideRequest, problem: HttpProblem): SideReplyHead {
  const { status, headers, body } = isChatPath(path) ? chatProblemReply(problem) : plainProblemReply(problem);
  return { status, headers, body: Buffer.from(body) };
}

const storeFailed = ({ code }: StoreError): HttpProblem => ({
  status: 503,
  code,
  message: 'the store of the side path cannot be used now',
  retryAfterS: 5,
});

const internal: HttpProblem = { status: 500, code: 'internal', message: 'the side path failed to answer' };
