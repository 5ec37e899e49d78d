// Finds the key of a client. Secrets are compared by digest, so that a lookup takes the same time however much of a guess is right.

import { createHash } from 'node:crypto';
import type { Handshake, Provider, Refusal } from '../../../adapters/realtime/contract.ts';
import { clientCredential } from '../../../adapters/realtime/index.ts';
import type { Config, Key } from '../../config/config.ts';
import type { OriginPolicy } from '../../http/origin-policy.ts';
import type { WarnOfOldName } from '../old-names.ts';

/** What a gateway decides by. */
export interface AdmissionPolicy {
  readonly config: Config;
  readonly keys: ReadonlyMap<string, Key>;
  readonly origins: OriginPolicy;
  /** URL of the rehearsal provider; undefined when no provider is rehearsed. */
  readonly rehearsalUrl?: string | undefined;
  readonly warnOfOldName: WarnOfOldName;
}

function digest(secret: string): string {
  return createHash('sha256').update(secret).digest('base64');
}

/** Keys by the digest of their secret: looking one up takes the same time however much of a guess is right. */
export function indexKeys(keys: readonly Key[]): ReadonlyMap<string, Key> {
  return new Map(keys.map((key) => [digest(key.secret), key]));
}

/** The key of the client; undefined in open mode, where any credential will do. */
export function authenticate(
  handshake: Handshake,
  adapter: Provider | undefined,
  gate: AdmissionPolicy,
): Key | undefined | Refusal {
  if (gate.keys.size === 0) return undefined;
  const own = handshake.headers['x-trunkline-key'];
  const isForwarding = adapter !== undefined && gate.config.providers[adapter.name]?.apiKey === 'client';
  const presented = typeof own === 'string' || isForwarding ? own : clientCredential(handshake, adapter);
  if (typeof presented !== 'string' || presented === '') {
    const place = isForwarding ? 'in the header x-trunkline-key' : 'where the SDK puts the API key';
    return { status: 401, code: 'invalid_key', message: `no key given; expected a key of this gateway ${place}` };
  }
  return (
    gate.keys.get(digest(presented)) ?? {
      status: 401,
      code: 'invalid_key',
      message: 'this key is not a key of this gateway',
    }
  );
}
