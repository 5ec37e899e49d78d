// Tells which sockets on /v1/responses are for the side path: those of a key or a class with `responses: routed`. All others are sessions.

import type { IncomingMessage } from 'node:http';
import { findEndpoint } from '../../../adapters/realtime/index.ts';
import { CLASS_HEADER } from '../class-policy.ts';
import { readHandshake } from '../handshake.ts';
import { authenticate } from '../request/keys/authenticate.ts';
import { authenticateSecret, presentedSecret } from '../request/keys/client-secret.ts';
import type { RequestPolicy } from '../request/policy.ts';
import { isRefusal } from '../request/refusals.ts';

export const RESPONSES_PATH = '/v1/responses';

export const isForResponses = (request: IncomingMessage): boolean => readHandshake(request)?.path === RESPONSES_PATH;

/** A client that is to be refused is refused as one that opens a session. */
export async function isRoutedSocket(
  request: IncomingMessage,
  { policy, address }: { readonly policy: RequestPolicy; readonly address: string },
): Promise<boolean> {
  const handshake = readHandshake(request);
  if (handshake?.path !== RESPONSES_PATH) return false;
  const { provider } = findEndpoint(RESPONSES_PATH) ?? {};
  const presented = presentedSecret({ handshake, policy, provider });
  const found = await (presented === undefined
    ? authenticate({ handshake, policy, address, provider })
    : authenticateSecret(presented, { address, policy }));
  if (isRefusal(found)) return false;
  const { key } = found;
  const { classes, routes } = policy.config;
  const named = key?.class ?? routes[RESPONSES_PATH]?.class ?? handshake.headers[CLASS_HEADER]?.toString();
  const ofClass = named === undefined || !Object.hasOwn(classes, named) ? undefined : classes[named]?.responses;
  return (key?.responses ?? ofClass) === 'routed';
}
