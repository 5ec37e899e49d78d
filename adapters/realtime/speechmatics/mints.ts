// The path on which Speechmatics' SDK asks for the temporary key of a page (read in @speechmatics/auth 0.1): what the key is for stands in the query.

import type { JsonObject } from '../../../codecs/json/object.ts';
import {
  type Mint,
  type MintBounds,
  type MintFault,
  type MintPlace,
  type MintRequest,
  unknownField,
} from '../contract/mint.ts';
import { speechmaticsFlowDialect } from './flow.ts';
import { speechmaticsDialect } from './transcription.ts';

/** Time for which a key opens sessions where none is asked for (read in the SDK). */
const USUAL_SECONDS = 60;

const DIALECTS: ReadonlyMap<string | undefined, string> = new Map([
  ['rt', speechmaticsDialect.name],
  ['flow', speechmaticsFlowDialect.name],
]);

export const speechmaticsMints: readonly Mint[] = [
  {
    path: '/v1/api_keys',
    prefix: 'ek_',
    sessionField: '',
    status: 201,
    read,
    reply: ({ id, value }) => ({ apikey_id: id, key_value: value }),
  },
];

/** The region is that of the account. */
function read(
  body: JsonObject,
  { now, maxOpenSeconds, maxUses }: MintBounds,
  { query }: MintPlace,
): MintRequest | MintFault {
  const unknown = unknownField(body, ['ttl', 'client_ref', 'region']);
  if (unknown !== undefined) return unknown;
  const { ttl = USUAL_SECONDS, trunkline: own } = body;
  const dialect = DIALECTS.get(query.type);
  if (dialect === undefined) return { field: 'type', expected: [...DIALECTS.keys()].join(' or ') };
  if (typeof ttl !== 'number' || !(ttl >= 1 && ttl <= maxOpenSeconds))
    return { field: 'ttl', expected: `a number of seconds from 1 to ${maxOpenSeconds}` };
  return { expiresAt: now + Math.floor(ttl * 1000), uses: maxUses, dialect, own };
}
