// Gives an HTTP request to the handlers of the side path, for keys and for the administrator alike.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Handshake } from '../../../../adapters/realtime/contract.ts';
import type { Config } from '../../../config/config.ts';
import type { SessionRecord } from '../../../ipc/session-record.ts';
import { FORWARDED_HEADERS, type SideHandler, type SideRefusal, type SideRequest } from '../../../ipc/side-request.ts';
import { sideRoutesAt } from '../../../ipc/side-routes.ts';
import { canReadSession } from '../handler.ts';
import { relay } from './relay.ts';

export interface ForwardContext {
  readonly answer: SideHandler;
  readonly config: Pick<Config, 'limits' | 'side'>;
  /** Finds a session of any gateway process, live or lately ended. */
  find(id: string): Promise<SessionRecord | undefined>;
}

/** `path`: that of the handshake, decoded. */
interface ForwardOptions
  extends Pick<SideRequest, 'path' | 'requester' | 'address' | 'origin' | 'requestId' | 'body' | 'keyEnd'> {
  readonly handshake: Handshake;
}

/** Limit for the beginning of an answer that waits for no LLM. */
const HEAD_MS = 5000;

/** `refused` says what was wrong where the answer does. `unavailable`: it did not begin in time, and nothing was written. */
export async function forward(
  request: IncomingMessage,
  response: ServerResponse,
  { handshake, path, body, ...from }: ForwardOptions,
  { answer, config, find }: ForwardContext,
): Promise<'answered' | 'unavailable' | { readonly refused: SideRefusal }> {
  const { method: sent = '' } = request;
  const { requester } = from;
  const method = sent === 'HEAD' ? 'GET' : sent;
  const matches = sideRoutesAt(requester.scope, path);
  const route = matches.find((match) => match.route.method === method)?.route;
  const session = matches.find((match) => match.route.needsLiveSession)?.parameters.id;
  const found = session === undefined ? undefined : await find(session.toLowerCase()).catch(() => undefined);
  // A session of another key under the same id hides none that the requester had under it before.
  const live = found !== undefined && canReadSession({ requester }, found) ? found : undefined;
  const query = Object.fromEntries(handshake.query);
  const sideRequest = { ...from, method, path, query, headers: forwardedHeaders(request), body, live };
  return relay(sideRequest, response, {
    ask: answer,
    maxReplyBytes: config.side.maxReplyBytes,
    stallMs: config.limits.stallMs,
    headMs: route?.awaitsLlm ? undefined : HEAD_MS,
  });
}

function forwardedHeaders({ headers }: IncomingMessage): Readonly<Record<string, string>> {
  const values = FORWARDED_HEADERS.map((name) => [name, headers[name]] as const);
  return Object.fromEntries(values.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}
