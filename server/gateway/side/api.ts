// The door to the side path on the public listener: checks who asks, reads the body, hands both over, writes the answer. Bodies are
// not parsed here: this process carries the audio.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Handshake, HttpReply, Refusal } from '../../../adapters/realtime/contract.ts';
import type { Key } from '../../config/config.ts';
import { chatProblemReply, plainProblemReply } from '../../http/problem.ts';
import { readBody } from '../../http/request-body.ts';
import type { SessionRecord } from '../../ipc/session-record.ts';
import type { SideHandler, SideRequest } from '../../ipc/side-request.ts';
import { isChatPath } from '../../ipc/side-routes.ts';
import { type AdmissionPolicy, authenticate } from '../admission/authenticate.ts';
import { isRefusal, type RefusalReply } from '../admission/refusals.ts';
import type { QuotaLease, SideQuota } from './quota.ts';
import { relay } from './relay.ts';

export interface SideApiContext {
  readonly policy: AdmissionPolicy;
  /** undefined: there is no side process. */
  readonly askSide?: SideHandler | undefined;
  find(id: string): Promise<SessionRecord | undefined>;
  readonly quota: SideQuota;
}

/** Headers of the client that cross; nothing else does. */
const CROSSING = ['x-trunkline-class', 'x-trunkline-data-class', 'last-event-id', 'idempotency-key', 'accept'];
const SESSION = /^\/v1\/sessions\/([\da-f-]{1,64})(\/events|\/context)?$/i;
/** The path of a session's context under its old name. */
const OLD_CONTEXT = /^(\/v1\/sessions\/[^/]+)\/seed$/;
/** How long a look-up may take to begin its answer. */
const HEAD_MS = 5000;

/** Answers one request, or says why not. A reply that is returned is still to be written. */
export async function handleSideRequest(
  request: IncomingMessage,
  response: ServerResponse,
  handshake: Handshake,
  door: SideApiContext,
): Promise<RefusalReply | HttpReply | undefined> {
  const refused = (refusal: Refusal) => refuseSideRequest(handshake.path, refusal);
  const asked = decoded(handshake.path);
  if (asked === undefined) return refused(unknown);
  const path = asked.replace(OLD_CONTEXT, '$1/context');
  if (path !== asked) door.policy.warnOfOldName('/v1/sessions/{id}/seed', '/v1/sessions/{id}/context');
  const key = authenticate(handshake, undefined, door.policy);
  if (isRefusal(key)) return refused(key);
  const { maxBodyBytes } = door.policy.config.side;
  const place = door.quota.acquire(key?.id, Math.min(maxBodyBytes, announcedBytes(request)));
  if (place === undefined) return refused(noPlace);
  try {
    return await answerInPlace(request, response, handshake, { ...door, path, key, place });
  } finally {
    place.release();
  }
}

/** 0 where nothing is said. */
function announcedBytes({ headers }: IncomingMessage): number {
  return Number(headers['content-length'] ?? 0);
}

interface Entered extends SideApiContext {
  readonly path: string;
  readonly key: Key | undefined;
  readonly place: QuotaLease;
}

async function answerInPlace(
  request: IncomingMessage,
  response: ServerResponse,
  handshake: Handshake,
  { path, key, place, ...door }: Entered,
): Promise<RefusalReply | HttpReply | undefined> {
  const refused = (refusal: Refusal) => refuseSideRequest(handshake.path, refusal);
  const { side, limits } = door.policy.config;
  const body = await readBody(request, {
    maxBytes: side.maxBodyBytes,
    ms: limits.handshakeMs,
    reserve: (bytes) => (place.grow(bytes) ? undefined : noRoom),
  });
  if (isRefusal(body)) return refused(body);
  const [, id, part] = SESSION.exec(path) ?? [];
  const record = id === undefined ? undefined : await door.find(id.toLowerCase()).catch(() => undefined);
  // A key sees its own sessions; another's do not exist for it.
  if (record !== undefined && record.key !== key?.id) return refused(unknownSession);
  const asked = describe(request, handshake, { path, key, body, live: record });
  const outcome = await relay(door.askSide, asked, response, {
    maxReplyBytes: side.maxReplyBytes,
    stallMs: limits.stallMs,
    headMs: isLookUp(asked) ? HEAD_MS : undefined,
  });
  if (outcome === 'answered') return undefined;
  if (record !== undefined && asked.method === 'GET' && part === undefined) return json(record);
  return refused(door.askSide === undefined && id !== undefined ? unknownSession : unavailable);
}

/** In the shape that whoever asks for this path understands. */
export function refuseSideRequest(path: string, refusal: Refusal): RefusalReply {
  const reply = isChatPath(path) ? chatProblemReply(refusal) : plainProblemReply(refusal);
  // Of a body that nobody reads to its end, the rest must not be taken for the next request.
  const isUnread = refusal.status === 413 || refusal.status === 408 || refusal === noRoom;
  const headers = isUnread ? { ...reply.headers, connection: 'close' } : reply.headers;
  return { kind: 'refused', refusal, reply: { ...reply, headers } };
}

/** Calls and synchronous tasks take as long as their class allows. */
function isLookUp({ method, path }: SideRequest): boolean {
  return method !== 'POST' || path.endsWith('/retry');
}

interface Known {
  readonly path: string;
  readonly key: Key | undefined;
  readonly body: SideRequest['body'];
  readonly live: SessionRecord | undefined;
}

function describe({ method = '', headers }: IncomingMessage, handshake: Handshake, known: Known): SideRequest {
  const { path, key, body, live } = known;
  const crossing: Record<string, string> = {};
  for (const name of CROSSING) {
    const value = headers[name];
    if (typeof value === 'string') crossing[name] = value;
  }
  return {
    requester: { scope: 'key', key: key?.id, team: key?.team },
    method: method === 'HEAD' ? 'GET' : method,
    path,
    query: Object.fromEntries(handshake.query),
    headers: crossing,
    body,
    live,
  };
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

const json = (body: object): HttpReply => ({
  status: 200,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  body: JSON.stringify(body),
});

const unknown: Refusal = { status: 404, code: 'unknown_path', message: 'expected a path in percent-encoding' };

const unknownSession: Refusal = {
  status: 404,
  code: 'unknown_session',
  message: 'no session of this key has this id',
};

const unavailable: Refusal = {
  status: 503,
  code: 'side_unavailable',
  message: 'the side path does not answer; sessions go on without it',
  retryAfterS: 1,
};

const noPlace: Refusal = {
  status: 503,
  code: 'side_unavailable',
  message:
    'as many requests as may wait for the side path, or those of this key, do (side.requests, side.requestBytes)',
  retryAfterS: 1,
};

const noRoom: Refusal = {
  status: 503,
  code: 'side_unavailable',
  message: 'no room for more of this body beside those that wait for the side path (side.requestBytes)',
  retryAfterS: 1,
};
