// Finds the key of a client. Secrets are compared by digest, so that a lookup takes the same time however much of a guess is right.

import { createHash } from 'node:crypto';
import type { Handshake, Provider } from '../../../adapters/realtime/contract.ts';
import { clientCredential } from '../../../adapters/realtime/index.ts';
import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import type { Key } from '../../config/config.ts';
import type { RequestPolicy } from './policy.ts';

interface AuthenticationRequest {
  readonly handshake: Handshake;
  readonly policy: Pick<RequestPolicy, 'config' | 'keys'>;
  /** The provider of the path; undefined on the side path, where the credential may be in any place that an SDK uses. */
  readonly provider?: Provider | undefined;
}

/** Keys by the digest of their secret. */
export function indexKeys(keys: readonly Key[]): ReadonlyMap<string, Key> {
  return new Map(keys.map((key) => [digest(key.secret), key]));
}

/** The key of the client; undefined in open mode, where any credential will do. */
export function authenticate({
  handshake,
  provider,
  policy: { config, keys },
}: AuthenticationRequest): { readonly key: Key | undefined } | Refusal {
  if (config.access === 'open') return { key: undefined };
  const own = handshake.headers['x-trunkline-key'];
  const isForwarding = provider !== undefined && config.providers[provider.name]?.apiKey === 'client';
  const presented = typeof own === 'string' || isForwarding ? own : clientCredential(handshake, provider);
  if (typeof presented !== 'string' || presented === '')
    return invalidKey(
      `no key given; expected a key of this gateway ${isForwarding ? 'in the header x-trunkline-key' : 'where the SDK puts the API key'}`,
    );
  const key = keys.get(digest(presented));
  return key === undefined ? invalidKey('this key is not a key of this gateway') : { key };
}

function digest(secret: string): string {
  return createHash('sha256').update(secret).digest('base64');
}

const invalidKey = (message: string): Refusal => ({ status: 401, code: 'invalid_key', message });
