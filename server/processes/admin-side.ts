// What the administrator asks of the side path: tasks, ledger, sessions and exports over all keys, answered by the side process.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Handshake } from '../../adapters/realtime/contract.ts';
import type { Config } from '../config/config.ts';
import { relay } from '../gateway/side/relay.ts';
import type { SessionRecord } from '../ipc/session-record.ts';
import type { SideHandler, SideRequest } from '../ipc/side-request.ts';

export interface AdminSide {
  /** undefined: there is no side process. */
  readonly askSide?: SideHandler | undefined;
  /** A session of any process, live or lately ended. */
  find(id: string): Promise<SessionRecord | undefined>;
}

/** For the list of known paths. */
export const ADMIN_SIDE_PATHS = ['/sessions/<id>', '/tasks', '/tasks/<id>', '/ledger', '/ledger/rows', '/export'];

const HEAD_MS = 5000;

/** Whether the side process answers there. */
export function isAdminSidePath(path: string): boolean {
  return /^\/(sessions\/[^/]+|tasks(\/[^/]+){0,2}|ledger(\/rows)?|export)$/.test(path);
}

/** `unavailable`: nothing has been written. */
export async function answerAdminBySide(
  request: IncomingMessage,
  response: ServerResponse,
  handshake: Handshake,
  { sources, config }: { readonly sources: AdminSide; readonly config: Pick<Config, 'limits' | 'side'> },
): Promise<'answered' | 'unavailable'> {
  const { method = '' } = request;
  const path = decodeURIComponent(handshake.path);
  const id = /^\/sessions\/([^/]+)$/.exec(path)?.[1]?.toLowerCase();
  const asked: SideRequest = {
    requester: { scope: 'admin' },
    method: method === 'HEAD' ? 'GET' : method,
    path,
    query: Object.fromEntries(handshake.query),
    headers: {},
    body: undefined,
    live: id === undefined ? undefined : await sources.find(id),
  };
  const { maxReplyBytes } = config.side;
  return relay(sources.askSide, asked, response, { maxReplyBytes, stallMs: config.limits.stallMs, headMs: HEAD_MS });
}
