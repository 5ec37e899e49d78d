// Finds the key of a client. Secrets are compared by digest, so that a lookup takes the same time however much of a guess is right.

import type { Handshake, Provider } from '../../../../adapters/realtime/contract.ts';
import { clientCredential } from '../../../../adapters/realtime/index.ts';
import type { Refusal } from '../../../../adapters/realtime/refusal.ts';
import type { Key } from '../../../config/config.ts';
import type { RequestPolicy } from '../policy.ts';
import { isRefusal } from '../refusals.ts';
import { type FoundKey, revokedKey } from './key-lookup.ts';

interface AuthenticationRequest {
  readonly handshake: Handshake;
  readonly policy: Pick<RequestPolicy, 'config' | 'keys'>;
  /** The address of the client. */
  readonly address: string;
  /** The provider of the path; undefined on the side path, where the credential may be in any place that an SDK uses. */
  readonly provider?: Provider | undefined;
}

interface PlacePolicy {
  readonly policy: Pick<RequestPolicy, 'config'>;
}

type Authenticated = { readonly key: Key | undefined } | Refusal;

/** The key of the client; undefined in open mode, where any credential will do. Answers late where the store has to be asked. */
export function authenticate(request: AuthenticationRequest): Authenticated | Promise<Authenticated> {
  const { config, keys } = request.policy;
  if (config.access === 'open') return { key: undefined };
  const presented = presentedCredential(request);
  if (presented === undefined) return noKey(isForwarding(request));
  const found = keys.find(presented, request.address);
  return found instanceof Promise ? found.then(authenticated) : authenticated(found);
}

/** Refuses a key that was found before and is over since then; undefined where it still holds. */
export function lapsedKey({ key, policy }: { key: Key | undefined } & Pick<AuthenticationRequest, 'policy'>) {
  return key !== undefined && policy.keys.isOver(key.id) ? revokedKey : undefined;
}

/** The key of the client where it is known without asking anyone. */
export function knownKey(request: Omit<AuthenticationRequest, 'address'>): Key | undefined {
  const { config, keys } = request.policy;
  const presented = config.access === 'open' ? undefined : presentedCredential(request);
  return presented === undefined ? undefined : keys.known(presented);
}

/** Takes the credential from where it is expected; undefined where there is none. */
export function presentedCredential(
  request: Pick<AuthenticationRequest, 'handshake' | 'provider'> & PlacePolicy,
): string | undefined {
  const { handshake, provider } = request;
  const own = handshake.headers['x-trunkline-key'];
  const presented = typeof own === 'string' || isForwarding(request) ? own : clientCredential(handshake, provider);
  return typeof presented === 'string' && presented !== '' ? presented : undefined;
}

/** Tells whether a client has its credential in the handshake; with `apiKey: client`, whether it has that of the provider there. */
export const isIdentified = (request: Pick<AuthenticationRequest, 'handshake' | 'provider'> & PlacePolicy): boolean =>
  (isForwarding(request) ? clientCredential(request.handshake, request.provider) : presentedCredential(request)) !==
  undefined;

/** Tells whether what is in the place of an API key is the client's own credential for the provider. */
function isForwarding({
  provider,
  policy: { config },
}: Pick<AuthenticationRequest, 'provider'> & PlacePolicy): boolean {
  return provider !== undefined && config.providers[provider.name]?.apiKey === 'client';
}

const authenticated = (found: FoundKey): Authenticated => (isRefusal(found) ? found : { key: found });

const noKey = (isHeader: boolean): Refusal => ({
  status: 401,
  code: 'invalid_key',
  message: `no key given; expected a key of this gateway ${isHeader ? 'in the header x-trunkline-key' : 'where the SDK puts the API key'}`,
});
