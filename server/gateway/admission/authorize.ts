// Checks what a handshake asks for against the models of its key. Frames that name a model are checked by the session, with `mayUse`.

import type { Provider, Resource } from '../../../adapters/realtime/contract.ts';
import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import { allowsModel, matchesGlob } from '../../../codecs/text/glob.ts';
import type { Config } from '../../config/config.ts';
import { FORWARD_CLIENT } from '../../config/file/words.ts';
import { providerTable } from '../../config/providers/table.ts';
import type { Admission } from './admission.ts';

export function authorizeResource({
  handshake,
  provider,
  endpoint,
  bindsIds,
  ...lists
}: Pick<Admission, 'handshake' | 'provider' | 'endpoint'> & Partial<Pick<Admission, 'bindsIds'>> & ModelLists):
  | Pick<Admission, 'model'>
  | Refusal {
  const { key, secret, policy, targets } = lists;
  const resources = endpoint.resources(handshake);
  // The key was given what it joins in a session that it was allowed.
  const isOwnCall = bindsIds === true && key?.callIds !== 'any' && endpoint.joinedIn?.(handshake)[0] !== undefined;
  const client = secret === undefined ? 'this key' : 'this client secret';
  const mayAsk = (name: string): boolean => mayUse(lists, provider, name);
  const absent = resources === 'unknown' ? undefined : resources.find(({ name }) => !isServed(policy, provider, name));
  if (absent !== undefined) return notServed(provider, absent, policy);
  if (resources === 'unknown')
    return mayAsk('') || isOwnCall ? { model: undefined } : notAllowed(client, provider, resources);
  const forbidden = resources.find(({ name }) => !mayAsk(name));
  if (forbidden === undefined) return { model: resources[0]?.name };
  return notAllowed(client, provider, targets === undefined ? forbidden : { kind: 'model', name: targets.name });
}

/** The client's lists of models: a model must be in all of them. */
type ModelLists = Pick<Admission, 'key' | 'policy' | 'target' | 'targets'> & Partial<Pick<Admission, 'secret'>>;

/**
 * Tells whether the client's lists allow a model; '' stands for one that cannot be known. A list that has the name of a model of several targets allows
 * the target that serves under it.
 */
export function mayUse(lists: ModelLists, provider: Pick<Provider, 'name'>, model: string): boolean {
  const { key, secret, policy, target, targets } = lists;
  const name = target?.model === model ? targets?.name : undefined;
  return (
    isServed(policy, provider, model) &&
    [key?.models, key?.teamModels, secret?.settings.models].every(
      (list) => allowsModel(list, provider.name, model) || (name !== undefined && list?.includes(name)),
    )
  );
}

/** Tells whether the account has the model; one that cannot be known it may have. */
function isServed({ config }: Admission['policy'], { name }: Pick<Provider, 'name'>, model: string): boolean {
  const models = config.providers[name]?.models;
  return models === undefined || model === '' || models.some((pattern) => matchesGlob(pattern, model));
}

function notServed({ name }: Provider, asked: Resource, { config }: Admission['policy']): Refusal {
  const models = config.providers[name]?.models?.join(', ');
  return {
    status: 403,
    code: 'model_not_allowed',
    message: `${name} has no ${asked.kind} ${asked.name}; expected one of ${models}`,
  };
}

/** Tells whether there is any list. */
export const hasModelList = ({ key, secret, policy }: ModelLists, { name }: Pick<Provider, 'name'>): boolean =>
  (key?.models ?? secret?.settings.models ?? policy.config.providers[name]?.models) !== undefined;

function notAllowed(client: string, { name }: Provider, resource: Resource | 'unknown'): Refusal {
  const message =
    resource === 'unknown'
      ? `${client} may not open a session whose model cannot be known; that needs ${name}/*`
      : `${client} may not use the ${resource.kind} ${resource.name}`;
  return { status: 403, code: 'model_not_allowed', message };
}

/**
 * The providers whose account keys share, so that what one is given by it must be kept from the others: there may be more of them at any time.
 * `bindIds` of a provider decides where it is given: not for keys of one tenant.
 */
export function sharedAccounts(config: Pick<Config, 'access' | 'providers' | 'rehearsal'>): ReadonlySet<string> {
  const { access, providers } = config;
  const shared = [...providerTable(config).accounts.keys()].filter((name) => {
    const { bindIds, apiKey } = providers[name] ?? {};
    return bindIds ?? (access === 'keys' && apiKey !== FORWARD_CLIENT);
  });
  return new Set(shared);
}

/** Lets a key join a call where no other has the account, or where it may join any; else one that it was given itself, which is known later. */
export function authorizeCall({
  handshake,
  provider,
  endpoint,
  key,
  secret,
  policy,
}: Pick<Admission, 'handshake' | 'provider' | 'endpoint' | 'key' | 'policy'> & ModelLists):
  | Pick<Admission, 'bindsIds'>
  | Refusal {
  const bindsIds = key !== undefined && policy.shared.has(provider.name);
  const [joined] = endpoint.joinedIn?.(handshake) ?? [];
  return joined === undefined || secret === undefined || secret.settings.callIds === 'any'
    ? { bindsIds }
    : secretCall(joined.field);
}

const secretCall = (field: string): Refusal => ({
  status: 403,
  code: 'id_not_issued',
  message: `${field}: a client secret may join calls only where it was made with callIds: any`,
});
