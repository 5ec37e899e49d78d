// Which earlier session a handshake names as its seed (`trunkline-seed`), and whether what it opens has a place for one.

import type { Handshake, Refusal, ServedEndpoint } from '../../../adapters/realtime/contract.ts';
import { ownValues } from '../../http/handshake.ts';

export const SEED_NAME = 'trunkline-seed';
/** As `x-trunkline-session` gave it, or, of an id that was used again, as the side path counts it. */
const SESSION_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(\.[1-9]\d{0,8})?$/;

/** The session that is named, in the query, in a subprotocol or in a header; undefined: none is. */
export function seedAsked(handshake: Handshake, route: ServedEndpoint): string | undefined | Refusal {
  const header = handshake.headers[`x-${SEED_NAME}`];
  const named = ownValues(handshake, SEED_NAME);
  if (header === undefined && named.size === 0) return undefined;
  const all = new Set([...named, ...(header === undefined ? [] : [String(header).toLowerCase()])]);
  const [id = ''] = all;
  if (all.size > 1 || !SESSION_ID.test(id)) return invalid(`expected the id of one session as the ${SEED_NAME}`);
  const objection = route.dialect.context === undefined ? noPlace(route.path) : route.rejectContext?.(handshake);
  return objection === undefined ? id : invalid(`expected no ${SEED_NAME}: ${objection}`);
}

const noPlace = (path: string): string =>
  `${path} has no event by which a gateway could tell of it; GET /v1/sessions/{id}/seed gives its text`;

function invalid(message: string): Refusal {
  return { status: 400, code: 'invalid_request', message };
}
