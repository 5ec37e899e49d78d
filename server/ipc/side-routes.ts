// The table of routes that the side process answers. A new route is a line in it and a handler of the same name in `side/http/routes.ts`;
// both listeners, the list of known paths and the shape of errors follow from it.

import { mintRoutes } from '../../adapters/realtime/index.ts';
import { type PathParameters, pathPattern } from '../../codecs/text/path-pattern.ts';
import { ANTHROPIC_HEADER } from './side-request.ts';

/** Keys ask on the public listener, below `/v1`; the administrator asks on the admin listener, without that prefix. */
type SideScope = 'key' | 'admin';

interface TableLine {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** `{name}` stands for one segment. */
  readonly path: string;
  /** The path that it had before, which still answers. */
  readonly oldPath?: string;
  readonly scope: SideScope | 'both';
  /** The handler is given the record of the session `{id}` while a gateway process holds it. */
  readonly needsLiveSession?: true;
  /** The answer may begin as late as an LLM call does; all others begin within seconds. */
  readonly awaitsLlm?: true;
  /** The last `{name}` stands for all segments that are left: names of models have slashes. */
  readonly hasLongEnd?: true;
  /** The answer lasts as long as what it tells of. */
  readonly isStream?: true;
  /** The answer is such a one where this parameter of the query is `true`. */
  readonly streamsWhen?: string;
  /** The admin listener reads its body; keys may send one anywhere. */
  readonly takesBody?: true;
  /** A client secret may ask here about the session that it has opened; everywhere else it needs a key. */
  readonly takesSecret?: true;
  /** A client secret may ask here within its terms, until it expires. */
  readonly takesCalls?: true;
  /** SDKs of realtime providers ask here, by paths and methods of their own, and read errors in the shape of each. */
  readonly isOfProviders?: true;
  /** SDKs of chat completions ask here, and read errors in OpenAI's shape. */
  readonly isChat?: true;
  /** Anthropic's SDKs ask here, and read errors in its shape. */
  readonly isAnthropic?: true;
  /** They ask here as well as others, and say so by their header. */
  readonly isAnthropicToo?: true;
}

const live = { needsLiveSession: true } as const;
const ui = { isChat: true, takesSecret: true, takesCalls: true } as const;
const models = { isChat: true, isAnthropicToo: true } as const;

const TABLE = {
  getSessions: { method: 'GET', path: '/sessions', scope: 'both' },
  getSession: { method: 'GET', path: '/sessions/{id}', scope: 'both', takesSecret: true, ...live },
  deleteSession: { method: 'DELETE', path: '/sessions/{id}', scope: 'both', ...live },
  postSessionEnd: {
    method: 'POST',
    path: '/sessions/{id}/end',
    scope: 'both',
    takesBody: true,
    takesSecret: true,
    ...live,
  },
  getSessionEvents: {
    method: 'GET',
    path: '/sessions/{id}/events',
    scope: 'key',
    isStream: true,
    takesSecret: true,
    ...live,
  },
  getSessionTimeline: { method: 'GET', path: '/sessions/{id}/timeline', scope: 'both', takesSecret: true, ...live },
  getSessionResume: { method: 'GET', path: '/sessions/{id}/resume', scope: 'key', takesSecret: true, ...live },
  getSessionContext: {
    method: 'GET',
    path: '/sessions/{id}/context',
    oldPath: '/sessions/{id}/seed',
    scope: 'key',
    ...live,
  },
  postClientSecret: { method: 'POST', path: '/client_secrets', scope: 'key' },
  mintProviderSecret: { method: 'POST', path: '', scope: 'key', isOfProviders: true },
  postTask: { method: 'POST', path: '/tasks', scope: 'key', awaitsLlm: true },
  getTasks: { method: 'GET', path: '/tasks', scope: 'both' },
  getTask: { method: 'GET', path: '/tasks/{id}', scope: 'both' },
  postTaskRetry: { method: 'POST', path: '/tasks/{id}/retry', scope: 'both' },
  postTasksRetry: { method: 'POST', path: '/tasks/retry', scope: 'admin', takesBody: true },
  postFeedback: { method: 'POST', path: '/feedback', scope: 'key', takesSecret: true },
  getLedger: { method: 'GET', path: '/ledger', scope: 'both' },
  getLedgerRows: { method: 'GET', path: '/ledger/rows', scope: 'admin' },
  postKey: { method: 'POST', path: '/keys', scope: 'admin', takesBody: true },
  getKeys: { method: 'GET', path: '/keys', scope: 'admin' },
  getKey: { method: 'GET', path: '/keys/{id}', scope: 'admin' },
  patchKey: { method: 'PATCH', path: '/keys/{id}', scope: 'admin', takesBody: true },
  deleteKey: { method: 'DELETE', path: '/keys/{id}', scope: 'admin' },
  postKeyRotate: { method: 'POST', path: '/keys/{id}/rotate', scope: 'admin', takesBody: true },
  postKeyRevoke: { method: 'POST', path: '/keys/{id}/revoke', scope: 'admin' },
  getTeams: { method: 'GET', path: '/teams', scope: 'admin' },
  getAudit: { method: 'GET', path: '/audit', scope: 'admin' },
  getBudgets: { method: 'GET', path: '/budgets', scope: 'admin' },
  getExport: { method: 'GET', path: '/export', scope: 'admin' },
  postChatCompletion: { method: 'POST', path: '/chat/completions', scope: 'key', awaitsLlm: true, isChat: true },
  postResponse: { method: 'POST', path: '/responses', scope: 'key', awaitsLlm: true, isChat: true },
  postCompaction: { method: 'POST', path: '/responses/compact', scope: 'key', awaitsLlm: true, isChat: true },
  getResponse: { method: 'GET', path: '/responses/{id}', scope: 'key', isChat: true, streamsWhen: 'stream' },
  deleteResponse: { method: 'DELETE', path: '/responses/{id}', scope: 'key', isChat: true },
  getResponseItems: { method: 'GET', path: '/responses/{id}/input_items', scope: 'key', isChat: true },
  postResponseCancel: { method: 'POST', path: '/responses/{id}/cancel', scope: 'key', isChat: true },
  postUiChat: { method: 'POST', path: '/ui/chat', scope: 'key', awaitsLlm: true, ...ui },
  getUiChatStream: { method: 'GET', path: '/ui/chat/{id}/stream', scope: 'key', isStream: true, ...ui },
  postUiChatStop: { method: 'POST', path: '/ui/chat/{id}/stop', scope: 'key', ...ui },
  postAgUi: { method: 'POST', path: '/ui/ag-ui', scope: 'key', awaitsLlm: true, ...ui },
  getAgUiStream: { method: 'GET', path: '/ui/ag-ui/{id}/stream', scope: 'key', isStream: true, ...ui },
  postMessage: { method: 'POST', path: '/messages', scope: 'key', awaitsLlm: true, isAnthropic: true },
  postTokenCount: { method: 'POST', path: '/messages/count_tokens', scope: 'key', awaitsLlm: true, isAnthropic: true },
  postEmbeddings: { method: 'POST', path: '/embeddings', scope: 'key', awaitsLlm: true, isChat: true },
  postModeration: { method: 'POST', path: '/moderations', scope: 'key', awaitsLlm: true, isChat: true },
  getModels: { method: 'GET', path: '/models', scope: 'key', ...models },
  getModel: { method: 'GET', path: '/models/{model}', scope: 'key', hasLongEnd: true, ...models },
} as const satisfies Readonly<Record<string, TableLine>>;

export type SideRouteName = keyof typeof TABLE;

/** A route as one of the listeners serves it, with its whole path. */
interface SideRoute extends TableLine {
  readonly name: SideRouteName;
  readonly scope: SideScope;
}

export const sideRoutes: readonly SideRoute[] = (['key', 'admin'] as const).flatMap((scope) =>
  Object.entries<TableLine>(TABLE)
    .filter(([, line]) => line.scope === scope || line.scope === 'both')
    .flatMap(([name, line]) => {
      const whole = (path: string) => (scope === 'key' ? `/v1${path}` : path);
      const old = line.oldPath === undefined ? {} : { oldPath: whole(line.oldPath) };
      const places = line.isOfProviders ? mintRoutes : [{ method: line.method, path: whole(line.path) }];
      return places.map((place) => ({ ...line, name: name as SideRouteName, scope, ...place, ...old }));
    }),
);

export interface SideRouteMatch {
  readonly route: SideRoute;
  readonly parameters: PathParameters;
  /** The path is the route's old one. */
  readonly isOldPath: boolean;
}

const matchers = sideRoutes.flatMap((route) => {
  const { path, oldPath, hasLongEnd, isOfProviders } = route;
  const current = { route, match: pathPattern(hasLongEnd ? path.replace(/\}$/, '...}') : path), isOldPath: false };
  if (isOfProviders) return [current, { ...current, match: pathPattern(`/{account}${path}`) }];
  return oldPath === undefined ? [current] : [current, { ...current, match: pathPattern(oldPath), isOldPath: true }];
});

/** The routes of a path, one for each of its methods; none where the side path does not answer. `path`: leading slashes collapsed, no query. */
export function sideRoutesAt(scope: SideScope, path: string): readonly SideRouteMatch[] {
  const matches: SideRouteMatch[] = [];
  for (const { route, match, isOldPath } of matchers) {
    const parameters = route.scope === scope ? match(path) : undefined;
    if (parameters !== undefined) matches.push({ route, parameters, isOldPath });
  }
  return matches;
}

/** Tells whether whoever asks for this path reads the shapes of Anthropic. */
export const isForAnthropic = (path: string, headers: Readonly<Record<string, unknown>>): boolean =>
  sideRoutesAt('key', path).some(
    ({ route }) => route.isAnthropic || (route.isAnthropicToo && headers[ANTHROPIC_HEADER] !== undefined),
  );

/** The paths that a listener serves, each once, as patterns. */
export function sidePaths(scope: SideScope): readonly string[] {
  return [...new Set(sideRoutes.filter((route) => route.scope === scope).map(({ path }) => path))];
}
