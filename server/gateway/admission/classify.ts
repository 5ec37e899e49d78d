// Chooses the prompt class and the data class of a session, and how long it may last by class and key. A session whose key, path and client
// name none has the class `realtime`, which every key may use. The headers never go upstream.

import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import {
  CLASS_HEADER,
  type ClassBinding,
  type ClassProblem,
  chooseDataClass,
  chooseSessionClass,
  DATA_CLASS_HEADER,
} from '../../http/class-policy.ts';
import { tightest } from '../../ipc/limits.ts';
import type { SecretTerms } from '../../ipc/stored-keys.ts';
import type { Admission } from './admission.ts';

export function classify({
  handshake: { headers },
  endpoint,
  key,
  secret,
  policy: { config },
}: Pick<Admission, 'handshake' | 'endpoint' | 'key' | 'policy'> & Partial<Pick<Admission, 'secret'>>):
  | Pick<Admission, 'promptClass' | 'dataClass' | 'maxSeconds' | 'maxMicroUsd'>
  | Refusal {
  // They are keyed by the path of the endpoint, which is a pattern.
  const route = config.routes[endpoint.path];
  const terms = secret?.settings;
  const binding = { key: narrowed(key, terms), route };
  const promptClass = chooseSessionClass({ ...binding, requested: headers[CLASS_HEADER]?.toString() }, config);
  if (typeof promptClass === 'object') return refusalOf(promptClass);
  const dataClass = chooseDataClass(headers[DATA_CLASS_HEADER]?.toString(), binding);
  if (typeof dataClass === 'object') return refusalOf(dataClass);
  const own = config.classes[promptClass];
  const maxUsd = tightest(key?.maxUsdPerSession, own?.maxUsdPerSession, terms?.maxUsd);
  return {
    promptClass,
    dataClass,
    maxSeconds: tightest(key?.maxSessionSeconds, own?.maxSessionSeconds, terms?.maxSessionSeconds, secondsLeft(terms)),
    maxMicroUsd: maxUsd === undefined ? undefined : Math.round(maxUsd * 1e6),
  };
}

/** The time until the sessions of a secret end. */
const secondsLeft = ({ endsAt }: SecretTerms = {}): number | undefined =>
  endsAt === undefined ? undefined : Math.max(1, Math.ceil((endsAt - Date.now()) / 1000));

/** The classes that the client is bound to: by its key, and by its secret. */
function narrowed(key: Admission['key'], terms: SecretTerms | undefined): ClassBinding['key'] {
  if (key === undefined && terms === undefined) return undefined;
  return {
    class: terms?.class ?? key?.class,
    classes: key?.classes,
    dataClass: key?.dataClass === 'regulated' ? 'regulated' : (terms?.dataClass ?? key?.dataClass),
  };
}

/** The shapes of providers have no place for the name of a header, so the message names it. */
function refusalOf({ status, code, message, param }: ClassProblem): Refusal {
  return { status, code, message: `${param}: ${message}` };
}
