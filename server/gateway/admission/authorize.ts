// Checks what a handshake asks for against the models of its key. Frames that name a model are checked by the session, with `mayUse`.

import type { Provider, Resource } from '../../../adapters/realtime/contract.ts';
import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import { matchesGlob } from '../../../codecs/glob.ts';
import type { Key } from '../../config/config.ts';
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

/** Tells whether the key's list allows a model. An unknown model ('') needs `provider/*`; a key without a list may use all. */
export function mayUse(key: Key | undefined, provider: Provider, model: string): boolean {
  if (key?.models === undefined) return true;
  return key.models.some((pattern) => {
    const slash = pattern.indexOf('/');
    const models = pattern.slice(slash + 1);
    const isProvider = matchesGlob(pattern.slice(0, slash), provider.name);
    return isProvider && (model === '' ? models === '*' : matchesGlob(models, model));
  });
}

function notAllowed({ name }: Provider, resource: Resource | 'unknown'): Refusal {
  const message =
    resource === 'unknown'
      ? `this key may not open a session whose model cannot be known; that needs ${name}/*`
      : `this key may not use the ${resource.kind} ${resource.name}`;
  return { status: 403, code: 'model_not_allowed', message };
}
