// Checks what a handshake asks for against the models of its key. Frames that name a model are checked by the session, with `mayUse`.

import type { Provider, Resource } from '../../../adapters/realtime/contract.ts';
import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import { allowsModel } from '../../../codecs/glob.ts';
import { type Config, type Key, knownProviders } from '../../config/config.ts';
import { FORWARD_CLIENT } from '../../config/schema.ts';
import type { Admission } from './admission.ts';

export function authorizeResource({
  handshake,
  provider,
  endpoint,
  key,
}: Pick<Admission, 'handshake' | 'provider' | 'endpoint' | 'key'>): Pick<Admission, 'model'> | Refusal {
  const resources = endpoint.resources(handshake);
  if (resources === 'unknown')
    return mayUse(key, provider, '') ? { model: undefined } : notAllowed(provider, resources);
  const forbidden = resources.find(({ name }) => !mayUse(key, provider, name));
  return forbidden === undefined ? { model: resources[0]?.name } : notAllowed(provider, forbidden);
}

/** Tells whether the key's list allows a model; '' stands for one that cannot be known. */
export const mayUse = (key: Key | undefined, provider: Provider, model: string): boolean =>
  allowsModel(key?.models, provider.name, model);

function notAllowed({ name }: Provider, resource: Resource | 'unknown'): Refusal {
  const message =
    resource === 'unknown'
      ? `this key may not open a session whose model cannot be known; that needs ${name}/*`
      : `this key may not use the ${resource.kind} ${resource.name}`;
  return { status: 403, code: 'model_not_allowed', message };
}

/**
 * The providers whose account keys share, so that what one is given by it must be kept from the others: there may be more of them at any time.
 * `bindIds` of a provider decides where it is given: not for keys of one tenant.
 */
export function sharedAccounts({ access, providers }: Pick<Config, 'access' | 'providers'>): ReadonlySet<string> {
  const shared = knownProviders.filter(({ name }) => {
    const { bindIds, apiKey } = providers[name] ?? {};
    return bindIds ?? (access === 'keys' && apiKey !== FORWARD_CLIENT);
  });
  return new Set(shared.map(({ name }) => name));
}

/** Lets a key join a call only where no other has the account, or where it may join any: calls are not made through here. */
export function authorizeCall({
  handshake,
  provider,
  endpoint,
  key,
  policy,
}: Pick<Admission, 'handshake' | 'provider' | 'endpoint' | 'key' | 'policy'>): Pick<Admission, 'bindsIds'> | Refusal {
  const bindsIds = key !== undefined && policy.shared.has(provider.name);
  return bindsIds && endpoint.joinsCall?.(handshake) && key.callIds !== 'any' ? foreignCall : { bindsIds };
}

const foreignCall: Refusal = {
  status: 403,
  code: 'id_not_issued',
  message: 'call_id: keys that share an account may not join calls; that needs callIds: any of the key',
};
