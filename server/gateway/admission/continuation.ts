// Reads which earlier session a handshake continues (`trunkline-continue`), and refuses it where the dialect has no form for a context.

import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import { gatewayValues } from '../../http/handshake.ts';
import { invalid } from '../../http/request/refusals.ts';
import type { Admission } from './admission.ts';

export const CONTINUE = 'trunkline-continue';
const OLD_NAME = 'trunkline-seed';
/** An id as `x-trunkline-session` gave it, or with the number that the side path gives an id that was used again. */
const SESSION_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(\.[1-9]\d{0,8})?$/;

/** The session that is named in the query, in a subprotocol or in a header; undefined when none is. */
export function readContinuation({
  handshake,
  endpoint,
  policy,
}: Pick<Admission, 'handshake' | 'endpoint' | 'policy'>): Pick<Admission, 'continues'> | Refusal {
  const underOldName = gatewayValues(handshake, OLD_NAME);
  if (underOldName.size > 0) policy.warnOfOldName(OLD_NAME, CONTINUE);
  const ids = new Set([...gatewayValues(handshake, CONTINUE), ...underOldName]);
  if (ids.size === 0) return { continues: undefined };
  const [id = ''] = ids;
  if (ids.size > 1 || !SESSION_ID.test(id)) return invalid(`expected the id of one session as the ${CONTINUE}`);
  const reason = endpoint.dialect.context === undefined ? noForm(endpoint.path) : endpoint.rejectContext?.(handshake);
  return reason === undefined ? { continues: id } : invalid(`expected no ${CONTINUE}: ${reason}`);
}

const noForm = (path: string): string =>
  `${path} has no event by which a gateway could tell of it; GET /v1/sessions/{id}/context gives its text`;
