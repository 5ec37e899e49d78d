// The paths of the public listener that the side process answers.

/** As the routes of `side/http/` have them; `{id}` stands for one segment. */
export const SIDE_PATHS: readonly string[] = [
  '/v1/sessions/{id}',
  '/v1/sessions/{id}/events',
  '/v1/sessions/{id}/context',
  '/v1/tasks',
  '/v1/tasks/{id}',
  '/v1/tasks/{id}/retry',
  '/v1/ledger',
  '/v1/chat/completions',
  '/v1/models',
];

/** Paths whose askers are SDKs of chat completions. */
export function isChatPath(path: string): boolean {
  return path === '/v1/chat/completions' || path === '/v1/models';
}

/** Whether the side path answers there. `path`: leading slashes collapsed, no query. */
export function isSidePath(path: string): boolean {
  return isChatPath(path) || /^\/v1\/(sessions|tasks|ledger)(\/|$)/.test(path);
}
