// Finds the endpoint of a path and the account that serves it, and the subprotocol that the client is answered with. Several accounts may serve one
// path: the path may name one, the client its model with one, and a key may have only some.

import type { Renaming } from '../../../adapters/realtime/contract/names.ts';
import type { Handshake, Provider } from '../../../adapters/realtime/contract.ts';
import {
  answerable,
  findNotServed,
  refusedSwitch,
  refusedTwice,
  spokenBy,
  withoutSwitches,
} from '../../../adapters/realtime/index.ts';
import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import { allowProvider, matchesGlob } from '../../../codecs/text/glob.ts';
import type { ModelTarget } from '../../config/config.ts';
import { type AccountEndpoint, providerTable } from '../../config/providers/table.ts';
import { invalid, notImplemented, nowhere } from '../../http/request/refusals.ts';
import { withFirst, withTarget } from '../targets/alias.ts';
import type { Admission } from './admission.ts';

type Chosen = Pick<Admission, 'provider' | 'endpoint' | 'handshake' | 'renamed'>;

export function resolveEndpoint({
  handshake,
  policy,
}: Pick<Admission, 'handshake' | 'policy'>): (Chosen & Pick<Admission, 'candidates'>) | Refusal {
  const { path } = handshake;
  const all = providerTable(policy.config).at(path);
  const candidates = all.filter(({ endpoint }) => endpoint.serves?.(handshake) !== false);
  const [first] = candidates;
  if (first !== undefined) return { candidates, ...chosen(first, handshake) };
  const known = findNotServed('GET', path);
  return known === undefined ? nowhere(path) : notImplemented(path, known.endpoint.instead);
}

const chosen = ({ provider, endpoint, path }: AccountEndpoint, handshake: Handshake): Chosen => ({
  provider,
  endpoint,
  handshake: { ...handshake, path },
});

/** Refuses what the provider would take in another way than it looks. */
export const rejectHandshake = ({ endpoint, provider, handshake }: Chosen): Refusal | undefined =>
  endpoint.reject?.(handshake) ??
  refusedTwice(handshake, endpoint) ??
  refusedSwitch(withoutSwitches(handshake, endpoint.ownSwitches), provider.switches);

/** Refuses what no account of the path would take. Which of them serves is known later: see `chooseProvider`. */
export function rejectEverywhere({
  handshake,
  candidates,
  policy,
}: Pick<Admission, 'handshake' | 'candidates' | 'policy'>): Refusal | undefined {
  const { isThere } = providerTable(policy.config);
  const serving = candidates.filter(({ provider }, at) => at === 0 || isThere(provider));
  let refusal: Refusal | undefined;
  for (const candidate of serving) {
    const found = rejectHandshake(chosen(candidate, handshake));
    if (found === undefined) return undefined;
    refusal ??= found;
  }
  return refusal;
}

/** Chooses among the accounts that may serve, once it is known who asks. Where nobody may the first one stays, whose refusal says why. */
export function chooseProvider(
  known: Pick<Admission, 'candidates' | 'policy' | 'key' | 'secret' | 'target' | 'targets' | 'elsewhere'> & Chosen,
): Chosen | Refusal | undefined {
  const { handshake, target, secret, policy } = known;
  if (target !== undefined) return chooseTarget(target, known);
  const inModel = namedInModel(known);
  const found = inModel ?? best(known);
  if (found === undefined) return rejectHandshake(known);
  const refusal = boundElsewhere(secret, found.provider);
  if (refusal !== undefined) return refusal;
  if (inModel === undefined) return rejectHandshake(chosen(found, handshake)) ?? chosen(found, handshake);
  const choice = chosen(found, withoutAccount(handshake, found.provider, policy));
  return rejectHandshake(choice) ?? { ...choice, renamed: renamedInQuery(handshake, found.provider, policy) };
}

/** The account of a target, where it speaks what the path speaks: that of a target which has the path itself, since accounts of one path may differ. */
function chooseTarget(
  target: ModelTarget,
  {
    handshake,
    candidates,
    policy,
    secret,
    targets,
    elsewhere,
  }: Pick<Admission, 'candidates' | 'policy' | 'secret' | 'targets' | 'elsewhere'> & Chosen,
): Chosen | Refusal {
  const all = policy.config.models[targets?.name ?? ''] ?? [];
  const first = candidates.find(({ provider: { name } }) => all.some((one) => one.provider === name)) ?? candidates[0];
  const provider = providerTable(policy.config).accounts.get(target.provider);
  const found = provider && first && alike(provider, first, { candidates, elsewhere });
  const isAlike = found && spokenBy(found.endpoint.dialect) === spokenBy(first.endpoint.dialect);
  if (provider === undefined || found === undefined || !isAlike)
    return invalid(`clients of ${target.provider} speak no ${first && spokenBy(first.endpoint.dialect).name}`);
  const isElsewhere = candidates.every((candidate) => candidate.provider !== provider);
  const { model } = target;
  const named = { model, upstream: modelUpstream(provider, model, policy), isElsewhere };
  const choice = chosen(found, withTarget(handshake, targets?.name ?? '', named));
  return boundElsewhere(secret, provider) ?? rejectHandshake(choice) ?? choice;
}

/** The name of a model in messages to its provider. */
export const modelUpstream = (
  { name, modelUpstream: write }: Pick<Provider, 'name' | 'modelUpstream'>,
  model: string,
  { config }: Pick<Admission['policy'], 'config'>,
): string => write?.(model, config.providers[name]?.settings ?? {}) ?? model;

/** Refuses what a client secret that was made for another account may not have. */
function boundElsewhere(secret: Admission['secret'], { name }: Pick<Provider, 'name'>): Refusal | undefined {
  const bound = secret?.settings.provider;
  if (bound === undefined || bound === name) return undefined;
  const message = `this client secret opens sessions with ${bound}, not with ${name}`;
  return { status: 403, code: 'secret_not_allowed', message };
}

/** The account that the client names in the model, as `<account>/<model>`, where it has the dialect of the path. A path that names one goes first. */
function namedInModel({
  handshake,
  candidates,
  policy,
  elsewhere,
}: Pick<Admission, 'handshake' | 'candidates' | 'policy' | 'elsewhere'>): AccountEndpoint | undefined {
  const [first] = candidates;
  const asked = handshake.query.get('model') ?? handshake.firstFrame?.resources[0]?.name;
  const [name = '', ...rest] = asked?.split('/') ?? [];
  if (first === undefined || first.isNamed || rest.length === 0) return undefined;
  const { accounts, isThere } = providerTable(policy.config);
  const provider = accounts.get(name);
  if (provider === undefined || !isThere(provider)) return undefined;
  return alike(provider, first, { candidates, elsewhere });
}

/** The endpoint of an account that speaks the dialect of the path, at the path itself where the account has it. */
function alike(
  provider: Provider,
  { endpoint: { dialect } }: AccountEndpoint,
  { candidates, elsewhere }: Pick<Admission, 'candidates' | 'elsewhere'>,
): AccountEndpoint | undefined {
  const isOf = (candidate: AccountEndpoint): boolean => candidate.provider === provider;
  const own = candidates.find(isOf);
  if (elsewhere !== undefined) return own ?? elsewhere.find(isOf);
  const spoken = spokenBy(dialect);
  const endpoint = provider.endpoints.find((other) => spokenBy(other.dialect) === spoken && !other.path.includes('{'));
  return own ?? (endpoint && { provider, endpoint, path: endpoint.path, isNamed: true });
}

/** The handshake without the name of the account before the model; all other bytes of its query stay. */
function withoutAccount(handshake: Handshake, provider: Provider, policy: Admission['policy']): Handshake {
  const { firstFrame } = handshake;
  const [first] = firstFrame?.resources ?? [];
  const model = first?.name.slice(provider.name.length + 1);
  const isInFrame = firstFrame !== undefined && model !== undefined;
  const named = isInFrame
    ? { ...handshake, firstFrame: withFirst(firstFrame, model, modelUpstream(provider, model, policy)) }
    : handshake;
  if (handshake.rawQuery === undefined || !handshake.query.has('model')) return named;
  const parts = handshake.rawQuery.split('&');
  const rawQuery = parts.map((part) => (/^model=/.test(part) ? withoutName(part, provider.name) : part)).join('&');
  return { ...named, rawQuery, query: new URLSearchParams(rawQuery) };
}

/** The name that messages which repeat the model of the query have in its place. */
function renamedInQuery({ query }: Handshake, provider: Provider, policy: Admission['policy']): Renaming | undefined {
  const from = query.get('model');
  if (from === null) return undefined;
  return { from, to: modelUpstream(provider, from.slice(provider.name.length + 1), policy) };
}

function withoutName(part: string, account: string): string {
  const value = part.slice('model='.length);
  const [whole] = /^[a-z0-9-]+(\/|%2f)/i.exec(value) ?? [];
  return whole?.startsWith(account)
    ? `model=${value.slice(whole.length)}`
    : `model=${encodeURIComponent((new URLSearchParams(part).get('model') ?? '').slice(account.length + 1))}`;
}

/** The first that client and account allow: by the provider of the secret, by the lists of models, and by the models that accounts have. */
function best({
  handshake,
  candidates,
  policy,
  key,
  secret,
}: Pick<Admission, 'handshake' | 'candidates' | 'policy' | 'key' | 'secret'>): AccountEndpoint | undefined {
  const bound = secret?.settings.provider;
  const lists = [key?.models, key?.teamModels, secret?.settings.models];
  const allowed = candidates.filter(
    ({ provider: { name } }) => (bound === undefined || bound === name) && allowProvider(lists, name),
  );
  const serving = allowed.filter(({ provider, endpoint }) => {
    const models = policy.config.providers[provider.name]?.models;
    const asked = endpoint.resources(handshake);
    const names = asked === 'unknown' ? [] : asked.map(({ name }) => name);
    return models === undefined || names.every((name) => models.some((pattern) => matchesGlob(pattern, name)));
  });
  return serving[0] ?? allowed[0];
}

/**
 * Chooses the first subprotocol that is offered and is no credential. RFC 6455, section 4.1: browsers end a connection whose offer is not answered, so that one is refused before the
 * provider is dialled.
 */
export function chooseSubprotocol({
  handshake,
  provider,
}: Pick<Admission, 'handshake' | 'provider'>): Pick<Admission, 'subprotocol'> | Refusal {
  const [subprotocol] = answerable(handshake);
  if (subprotocol !== undefined || handshake.protocols.length === 0) return { subprotocol };
  return invalid(
    'the client offers no subprotocol but its credential, which is never echoed, and would find its offer unanswered: ' +
      `expected ${provider.subprotocol} beside it in Sec-WebSocket-Protocol`,
  );
}
