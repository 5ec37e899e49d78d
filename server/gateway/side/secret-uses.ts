// Takes the use of a client secret before its session is opened, and gives it back where none was.

import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import { secretsUnavailable } from '../../http/request/refusals.ts';
import type { SecretStore, SecretUse } from '../../ipc/stored-rows.ts';
import { withDeadline } from '../../platform/deadline.ts';
import type { Admission } from '../admission/admission.ts';
import { secretExpired, secretGone, secretUsed } from '../admission/refusals.ts';

/** Longest wait for the owner of the store. A use that is taken later is lost. */
const ANSWER_MS = 4000;

const REFUSALS: Readonly<Record<Exclude<SecretUse, 'granted'>, Refusal>> = {
  used: secretUsed,
  expired: secretExpired,
  unknown: secretGone,
};

type Client = Pick<Admission, 'secret'>;

/** Returns why there is no use left; undefined where one was taken, or the client has a key. */
export async function takeUse({ secret }: Client, secrets: SecretStore | undefined): Promise<Refusal | undefined> {
  if (secret === undefined) return undefined;
  try {
    if (secrets === undefined) return secretsUnavailable;
    const use = await withDeadline(secrets.use(secret.digest), ANSWER_MS);
    return use === 'granted' ? undefined : REFUSALS[use];
  } catch {
    return secretsUnavailable;
  }
}

/** A use that cannot be given back now is lost: the client needs a new secret. */
export function giveUseBack({ secret }: Client, secrets: SecretStore | undefined): void {
  if (secret !== undefined) secrets?.giveBack(secret.digest).catch(() => {});
}
