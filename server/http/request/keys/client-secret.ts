// Finds the client secret that a request presents, the key that made it, and what it may ask for in calls. Rule: a secret is worth nothing without
// its key, and nothing while the owner of the store cannot be asked.

import type { Handshake, Provider } from '../../../../adapters/realtime/contract.ts';
import type { Refusal } from '../../../../adapters/realtime/refusal.ts';
import type { Key } from '../../../config/config.ts';
import { DEFAULT_CLASS } from '../../../config/file/words.ts';
import { type Requester, requesterOf } from '../../../ipc/side-request.ts';
import type { StoredSecret } from '../../../ipc/stored-keys.ts';
import type { RequestPolicy } from '../policy.ts';
import { isRefusal, secretExpired, secretsUnavailable } from '../refusals.ts';
import { presentedCredential } from './authenticate.ts';
import { digestOf, isClientSecret } from './secret-form.ts';

interface SecretRequest {
  readonly handshake: Handshake;
  readonly policy: Pick<RequestPolicy, 'config'>;
  /** See `authenticate`. */
  readonly provider?: Provider | undefined;
}

/** The client secret of the request; undefined where its credential is none. */
export function presentedSecret(request: SecretRequest): string | undefined {
  const credential = presentedCredential(request);
  return credential !== undefined && isClientSecret(credential) ? credential : undefined;
}

/** `key` is undefined in open mode. Whether the secret still opens sessions is for its reader to see. */
interface SecretHolder {
  readonly key: Key | undefined;
  readonly secret: StoredSecret;
}

type SecretPolicy = Pick<RequestPolicy, 'config' | 'keys' | 'secrets'>;

interface SecretContext {
  /** The address of the client. */
  readonly address: string;
  readonly policy: SecretPolicy;
}

/** Finds the row of a secret, whatever became of its key. */
export async function findSecret(
  presented: string,
  { address, policy: { keys, secrets } }: SecretContext,
): Promise<StoredSecret | Refusal> {
  const digest = digestOf(presented);
  const secret = await keys.questions.ask({ text: `secret ${digest}`, address }, () => secrets?.find(digest));
  return secret === 'away' ? secretsUnavailable : (secret ?? unknownSecret);
}

export async function authenticateSecret(presented: string, context: SecretContext): Promise<SecretHolder | Refusal> {
  const { config, keys } = context.policy;
  const secret = await findSecret(presented, context);
  if (isRefusal(secret)) return secret;
  if (secret.key === undefined) return config.access === 'open' ? { key: undefined, secret } : orphaned;
  const key = await keys.withId(secret.key);
  if (isRefusal(key)) return key.status === 401 ? { ...key, message: `${orphaned.message}: ${key.message}` } : key;
  return { key, secret };
}

const unknownSecret: Refusal = {
  status: 401,
  code: 'invalid_key',
  message: 'this client secret is none of this gateway, or expired long ago',
};

const orphaned: Refusal = {
  status: 401,
  code: 'invalid_key',
  message: 'the key that made this client secret opens no sessions any more',
};

interface CallingSecret {
  readonly handshake: Pick<Handshake, 'headers'>;
  /** It goes on with what was asked for before, which it may as long as its row is there. */
  readonly isReading: boolean;
}

/** The requester of calls with this secret; the refusal where it makes none. */
export function callerWithSecret(holder: SecretHolder, { handshake, isReading }: CallingSecret): Requester | Refusal {
  const { key, secret } = holder;
  const { origins, models, maxUsd } = secret.settings;
  const { origin } = handshake.headers;
  if (origins !== undefined && (origin === undefined || !origins.includes(origin))) return otherPage;
  if (!isReading && secret.expiresAt <= Date.now()) return secretExpired;
  const refusal = checkRealtime(secret) ?? checkSecretBinding(holder);
  if (refusal !== undefined) return refusal;
  const settings = narrowed(holder);
  const maxMicroUsd = maxUsd === undefined ? undefined : Math.round(maxUsd * 1e6);
  return {
    ...requesterOf(key, secret.id, settings.endUser),
    ...{ settings, calls: { models, maxMicroUsd, expiresAt: secret.expiresAt } },
  } as Requester;
}

/** A secret that is made for the sessions of one provider is for nothing else. */
function checkRealtime({ settings: { provider, dialect, callIds } }: StoredSecret): Refusal | undefined {
  const place = provider ?? (dialect && `the dialect ${dialect}`);
  if (place !== undefined) return elsewhere(`this client secret opens sessions with ${place}, and no chats`);
  return callIds === undefined
    ? undefined
    : elsewhere('this client secret joins calls by ?call_id=, and opens no chats');
}

/** A key that was changed since it made the secret binds it as it is now. */
export function checkSecretBinding({ key, secret: { settings } }: SecretHolder): Refusal | undefined {
  const { endUser = settings.endUser, class: bound = settings.class, classes } = key ?? {};
  if (settings.endUser !== undefined && settings.endUser !== endUser)
    return elsewhere('this client secret was made for another end user than the one whom its key is bound to now');
  if (settings.class === undefined) return undefined;
  const isListed = classes === undefined || [DEFAULT_CLASS, ...classes].includes(settings.class);
  return settings.class === bound && isListed
    ? undefined
    : elsewhere(`this client secret was made for the class ${settings.class}, which its key may not use now`);
}

/** The settings of the key, as the terms narrow them. */
function narrowed({ key, secret: { settings: terms } }: SecretHolder): Key {
  const tags = terms.tags ?? key?.tags;
  return {
    ...(key ?? { id: '' }),
    class: terms.class ?? key?.class,
    dataClass: key?.dataClass === 'regulated' ? 'regulated' : (terms.dataClass ?? key?.dataClass),
    endUser: terms.endUser ?? key?.endUser,
    tags: tags && { ...tags, ...key?.tags },
  };
}

const elsewhere = (message: string): Refusal => ({ status: 403, code: 'secret_not_allowed', message });

const otherPage: Refusal = {
  status: 403,
  code: 'origin_not_allowed',
  message: 'expected a page of one of the origins that this client secret was made for',
};
