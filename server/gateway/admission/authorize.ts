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
  dialled,
  ...lists
}: Pick<Admission, 'handshake' | 'provider' | 'endpoint'> & Partial<Pick<Admission, 'dialled'>> & ModelLists):
  | Pick<Admission, 'model'>
  | Refusal {
  const { secret, policy, targets } = lists;
  const resources =
    dialled?.model === undefined ? endpoint.resources(handshake) : [{ kind: 'model', name: dialled.model } as const];
  const client = secret === undefined ? 'this key' : 'this client secret';
  const mayAsk = (name: string): boolean => mayUse(lists, provider, name);
  const absent = resources === 'unknown' ? undefined : resources.find(({ name }) => !isServed(policy, provider, name));
  if (absent !== undefined) return notServed(provider, absent, policy);
  // Calls that a client may join are found out later: see `joinCall`.
  if (resources === 'unknown')
    return isJoining({ endpoint, handshake }) || mayAsk('') ? { model: undefined } : unknowableModel(client, provider);
  const forbidden = resources.find(({ name }) => !mayAsk(name));
  if (forbidden === undefined) return { model: resources[0]?.name };
  return notAllowed(client, targets === undefined ? forbidden : { kind: 'model', name: targets.name });
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

function notAllowed(client: string, resource: Resource): Refusal {
  return {
    status: 403,
    code: 'model_not_allowed',
    message: `${client} may not use the ${resource.kind} ${resource.name}`,
  };
}

export const unknowableModel = (client: string, { name }: Pick<Provider, 'name'>): Refusal => ({
  status: 403,
  code: 'model_not_allowed',
  message: `${client} may not open a session whose model cannot be known; that needs ${name}/*`,
});

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

/** Tells whether what the provider hands out to the key is kept from others. */
export const bindIds = ({
  provider,
  key,
  policy,
}: Pick<Admission, 'provider' | 'key' | 'policy'>): Pick<Admission, 'bindsIds'> => ({
  bindsIds: key !== undefined && policy.shared.has(provider.name),
});

/** Tells whether a handshake joins what runs already. */
export const isJoining = ({ endpoint, handshake }: Pick<Admission, 'endpoint' | 'handshake'>): boolean =>
  (endpoint.joinedIn?.(handshake) ?? []).length > 0;
