// Chooses the id of a session. A browser cannot read the header of the 101, so a client may bring an id of its own.

import { randomUUID } from 'node:crypto';
import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import { gatewayParameter } from '../../http/handshake.ts';
import { invalid } from '../../http/request/refusals.ts';
import type { Admission } from './admission.ts';

const PARAMETER = 'trunkline-session';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** One that the client was told already stays. */
export function chooseSessionId({
  handshake,
  answered,
}: Pick<Admission, 'handshake' | 'answered'>): Pick<Admission, 'sessionId' | 'isOffered'> | Refusal {
  if (answered !== undefined) return answered;
  const offered = gatewayParameter(handshake, PARAMETER);
  const [sessionId = randomUUID()] = offered;
  if (offered.size > 1 || !UUID.test(sessionId)) return invalid(`expected one UUID as the ${PARAMETER}`);
  return { sessionId, isOffered: offered.size > 0 };
}
