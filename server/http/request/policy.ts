// Describes what every listener for clients decides by, before it is known what a request asks for.

import type { Config } from '../../config/config.ts';
import type { Ports } from '../../ipc/process-start.ts';
import type { SecretStore } from '../../ipc/stored-keys.ts';
import { type AddressList, addressList } from '../../platform/address-list.ts';
import { listenerOrigins, type OriginPolicy } from '../origin-policy.ts';
import type { KeyLookup } from './keys/key-lookup.ts';
import type { WarnOfOldName } from './old-names.ts';

export interface RequestPolicy {
  readonly config: Config;
  readonly keys: Pick<KeyLookup, 'find' | 'withId' | 'known' | 'isOver' | 'watchEnd' | 'questions'>;
  /** Undefined where there is no side process. */
  readonly secrets?: Pick<SecretStore, 'find'> | undefined;
  readonly origins: OriginPolicy & { readonly isProxy: AddressList };
  readonly warnOfOldName: WarnOfOldName;
}

/**
 * Makes the policy of one configuration. It is made anew for each change, and what began under one is decided by it to its end. `ports`: those of
 * the listeners, once they are known.
 */
export function requestPolicy(source: Omit<RequestPolicy, 'origins'>, ports: Ports | undefined): RequestPolicy {
  const { listen, access } = source.config;
  const allowed = ports === undefined ? new Set(listen.origins) : listenerOrigins(listen, ports);
  const origins = { allowed, loopbackHostOnly: access === 'open', isProxy: addressList(listen.trustedProxies) };
  return { ...source, origins };
}
