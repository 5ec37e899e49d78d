// Takes the use of a client secret before its session is opened, and gives it back where none was.

import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import { secretExpired, secretsUnavailable } from '../../http/request/refusals.ts';
import { type Away, ownerAnswer } from '../../ipc/channel/owner-answer.ts';
import type { SecretStore, SecretUse } from '../../ipc/stored-keys.ts';
import type { Admission } from '../admission/admission.ts';
import { secretGone, secretUsed } from '../admission/refusals.ts';

const REFUSALS: Readonly<Record<Exclude<SecretUse, 'granted'> | Away, Refusal>> = {
  away: secretsUnavailable,
  used: secretUsed,
  expired: secretExpired,
  unknown: secretGone,
};

type Client = Pick<Admission, 'secret'>;

/** Returns why there is no use left; undefined where one was taken, or the client has a key. A use that is taken too late is lost. */
export async function takeUse({ secret }: Client, secrets: SecretStore | undefined): Promise<Refusal | undefined> {
  if (secret === undefined) return undefined;
  const use = await ownerAnswer(secrets?.use(secret.digest));
  return use === 'granted' ? undefined : REFUSALS[use];
}

/** A use that cannot be given back now is lost: the client needs a new secret. */
export function giveUseBack({ secret }: Client, secrets: SecretStore | undefined): void {
  if (secret !== undefined) secrets?.giveBack(secret.digest).catch(() => {});
}
