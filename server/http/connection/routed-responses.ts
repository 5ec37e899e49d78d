// Tells which sockets on /v1/responses are for the side path: those of a key or a class with `responses: routed`. All others are sessions.

import type { IncomingMessage } from 'node:http';
import type { Handshake } from '../../../adapters/realtime/contract.ts';
import { findEndpoint } from '../../../adapters/realtime/index.ts';
import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import type { Config, Key } from '../../config/config.ts';
import type { SecretTerms, StoredSecret } from '../../ipc/stored-keys.ts';
import { CLASS_HEADER } from '../class-policy.ts';
import { readHandshake } from '../handshake.ts';
import { authenticate } from '../request/keys/authenticate.ts';
import { authenticateSecret, presentedSecret } from '../request/keys/client-secret.ts';
import type { RequestPolicy } from '../request/policy.ts';
import { isRefusal } from '../request/refusals.ts';

export const RESPONSES_PATH = '/v1/responses';

export const isForResponses = (request: IncomingMessage): boolean => readHandshake(request)?.path === RESPONSES_PATH;

interface ClassNaming {
  readonly handshake: Handshake;
  readonly key: Key | undefined;
  readonly terms?: SecretTerms | undefined;
}

/** The class of a socket where somebody names it: its key, a client secret, its path or its client. */
export const namedClass = (
  { handshake: { path, headers }, key, terms }: ClassNaming,
  { routes }: Pick<Config, 'routes'>,
): string | undefined => terms?.class ?? key?.class ?? routes[path]?.class ?? headers[CLASS_HEADER]?.toString();

interface Client {
  readonly key: Key | undefined;
  readonly secret?: StoredSecret;
}

/** A client that is to be refused is refused as one that opens a session. */
export async function isRoutedSocket(
  request: IncomingMessage,
  { policy, address }: { readonly policy: RequestPolicy; readonly address: string },
): Promise<boolean> {
  const handshake = readHandshake(request);
  if (handshake?.path !== RESPONSES_PATH) return false;
  const { provider } = findEndpoint(RESPONSES_PATH) ?? {};
  const presented = presentedSecret({ handshake, policy, provider });
  const found: Client | Refusal = await (presented === undefined
    ? authenticate({ handshake, policy, address, provider })
    : authenticateSecret(presented, { address, policy }));
  if (isRefusal(found)) return false;
  const { key, secret } = found;
  const { classes, routes } = policy.config;
  const named = namedClass({ handshake, key, terms: secret?.settings }, { routes });
  const ofClass = named === undefined || !Object.hasOwn(classes, named) ? undefined : classes[named]?.responses;
  return (key?.responses ?? ofClass) === 'routed';
}
