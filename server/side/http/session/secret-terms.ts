// Checks what a client secret is to let its sessions do: never more than the key that makes it may.

import type { Dialect } from '../../../../adapters/realtime/contract/dialect.ts';
import { allowsModel } from '../../../../codecs/text/glob.ts';
import { didYouMean } from '../../../../codecs/text/nearest-names.ts';
import type { Key } from '../../../config/config.ts';
import { FORWARD_CLIENT } from '../../../config/file/words.ts';
import { providerTable } from '../../../config/providers/table.ts';
import { chooseSessionClass } from '../../../http/class-policy.ts';
import { type HttpProblem, invalidRequest, shortened } from '../../../http/problem.ts';
import type { SecretTerms } from '../../../ipc/stored-keys.ts';
import type { SideHttpOptions } from '../handler.ts';

/** Largest configuration that a secret pins, in bytes of JSON. */
const MAX_PINNED_BYTES = 256 * 1024;

type Config = SideHttpOptions['config'];
type Check = (terms: SecretTerms, key: Key | undefined, config: Config) => HttpProblem | undefined;

const CHECKS: readonly Check[] = [
  checkProvider,
  checkDialect,
  checkPinned,
  checkModels,
  checkClass,
  checkDataClass,
  checkDuration,
  checkCalls,
  checkEndUser,
];

/** Returns the first thing that is wrong; undefined: nothing is. `key`: the one that asks; undefined in open mode. */
export function termsProblem(terms: SecretTerms, key: Key | undefined, config: Config): HttpProblem | undefined {
  for (const check of CHECKS) {
    const problem = check(terms, key, config);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function checkProvider({ provider: name }: SecretTerms, _: Key | undefined, config: Config): HttpProblem | undefined {
  if (name === undefined) return undefined;
  const known = [...providerTable(config).accounts.keys()];
  if (!known.includes(name))
    return invalidRequest(
      `expected one of ${known.join(', ')}, got "${shortened(name)}"${didYouMean(name, known)}`,
      'provider',
    );
  if (config.providers[name]?.apiKey !== FORWARD_CLIENT) return undefined;
  const message = `${name} is dialled with the credential of each client (apiKey: client), which a client secret is not`;
  return tooBroad(message, 'provider');
}

/** The provider of the secret; where it is for names of `models`, that of the first target, whose dialect all of them speak. */
export const providerOf = (
  { provider, models }: Pick<SecretTerms, 'provider' | 'models'>,
  config: Config,
): string | undefined =>
  provider ?? models?.map((name) => config.models[name]?.[0]?.provider).find((name) => name !== undefined);

function checkDialect(terms: SecretTerms, _: Key | undefined, config: Config): HttpProblem | undefined {
  const { dialect } = terms;
  const provider = providerOf(terms, config);
  if (dialect === undefined) return undefined;
  if (provider === undefined) return invalidRequest('missing, expected the provider of what is pinned', 'provider');
  const known = dialectsOf(provider, config);
  return known.includes(dialect)
    ? undefined
    : invalidRequest(`expected one of ${known.join(', ')}, got "${shortened(dialect)}"`, 'dialect');
}

/** Names of the dialects of a provider, that of its first endpoint first. */
export const dialectsOf = (provider: string, config: Config): readonly string[] => [
  ...new Set(
    providerTable(config)
      .accounts.get(provider)
      ?.endpoints.map(({ dialect }) => dialect.name),
  ),
];

function checkPinned(terms: SecretTerms, _: Key | undefined, config: Config): HttpProblem | undefined {
  const { dialect = '', session } = terms;
  if (session === undefined) return undefined;
  const bytes = Buffer.byteLength(JSON.stringify(session));
  if (bytes > MAX_PINNED_BYTES)
    return invalidRequest(`expected at most ${MAX_PINNED_BYTES} bytes of JSON, got ${bytes}`, 'session');
  const pins = pinnable(terms, config);
  if (pins === undefined) return invalidRequest(`expected none: nothing can be pinned of ${dialect}`, 'session');
  const fault = pins.check(session);
  return (
    fault && invalidRequest(`expected ${fault.expected}`, fault.field === '' ? 'session' : `session.${fault.field}`)
  );
}

/** Returns the form of what can be pinned of a dialect; undefined where nothing can. */
export const pinnable = (
  { dialect: name, ...terms }: Pick<SecretTerms, 'provider' | 'dialect' | 'models'>,
  config: Config,
): Dialect['pins'] =>
  providerTable(config)
    .accounts.get(providerOf(terms, config) ?? '')
    ?.endpoints.find(({ dialect }) => dialect.name === name)?.dialect.pins;

function checkModels(
  { models = [], provider }: SecretTerms,
  key: Key | undefined,
  { models: known }: Config,
): HttpProblem | undefined {
  const lists = [key?.models, key?.teamModels];
  for (const pattern of models) {
    const targets = known[pattern]?.filter((target) => provider === undefined || provider === target.provider) ?? [];
    // The targets that the lists of the key leave of a name are found out when a session is opened.
    const isOpen = targets.some(({ provider: name, model }) =>
      lists.every((list) => list?.includes(pattern) || allowsModel(list, name, model)),
    );
    if (isOpen) continue;
    if (targets.length > 0) return notAllowed(pattern);
    const [maker = '', ...rest] = pattern.split('/');
    if (rest.length === 0 || (provider !== undefined && maker !== provider))
      return invalidRequest(
        `expected ${provider ?? 'provider'}/model, such as openai/*, got "${shortened(pattern)}"`,
        'models',
      );
    // A `*` of the secret is matched by a `*` of the key alone.
    const isAllowed = lists.every((list) => allowsModel(list, maker, rest.join('/')));
    if (!isAllowed) return notAllowed(pattern);
  }
  return undefined;
}

function checkClass({ class: name }: SecretTerms, key: Key | undefined, config: Config): HttpProblem | undefined {
  if (name === undefined) return undefined;
  const chosen = chooseSessionClass({ key, route: undefined, requested: name }, config);
  return typeof chosen === 'object' ? { ...chosen, param: 'class' } : undefined;
}

function checkDataClass({ dataClass }: SecretTerms, key: Key | undefined): HttpProblem | undefined {
  return dataClass === 'open' && key?.dataClass === 'regulated'
    ? tooBroad('expected regulated, as the data class of this key is', 'dataClass')
    : undefined;
}

function checkDuration({ maxSessionSeconds: asked }: SecretTerms, key: Key | undefined): HttpProblem | undefined {
  const most = key?.maxSessionSeconds;
  return asked !== undefined && most !== undefined && asked > most
    ? tooBroad(`expected at most ${most}, as sessions of this key may last, got ${asked}`, 'maxSessionSeconds')
    : undefined;
}

function checkEndUser({ endUser }: SecretTerms, key: Key | undefined): HttpProblem | undefined {
  return endUser !== undefined && key?.endUser !== undefined && endUser !== key.endUser
    ? tooBroad('expected none, or that of this key, which is for one user', 'endUser')
    : undefined;
}

function checkCalls({ callIds }: SecretTerms, key: Key | undefined): HttpProblem | undefined {
  return callIds === 'any' && key !== undefined && key.callIds !== 'any'
    ? tooBroad('this key may not join calls of others itself', 'callIds')
    : undefined;
}

const notAllowed = (pattern: string): HttpProblem => ({
  status: 403,
  code: 'model_not_allowed',
  message: `this key may not use ${shortened(pattern)} itself`,
  param: 'models',
});

/** The refusal of a secret that would let its sessions do more than the key may. */
const tooBroad = (message: string, param: string): HttpProblem => ({
  status: 403,
  code: 'secret_too_broad',
  message,
  param,
});
