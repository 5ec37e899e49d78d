// Finds the client secret that a request presents, and the key that made it. Rule: a secret is worth nothing without its key, and nothing while
// the owner of the store cannot be asked.

import type { Handshake, Provider } from '../../../../adapters/realtime/contract.ts';
import type { Refusal } from '../../../../adapters/realtime/refusal.ts';
import type { Key } from '../../../config/config.ts';
import type { StoredSecret } from '../../../ipc/stored-keys.ts';
import type { RequestPolicy } from '../policy.ts';
import { isRefusal, secretsUnavailable } from '../refusals.ts';
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
