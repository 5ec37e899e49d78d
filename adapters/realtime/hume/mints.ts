// The path on which Hume's SDK asks for the access token of a page: the API key is the user of `Authorization: Basic`, and the grant is a form (read in
// the SDK). What stands for the secret key is not looked at: a key of the gateway is one text.

import type { JsonObject } from '../../../codecs/json/object.ts';
import { type Mint, type MintBounds, type MintFault, type MintRequest, unknownField } from '../contract/mint.ts';

/** Time for which a token opens sessions (document). */
const USUAL_SECONDS = 30 * 60;
const GRANT = 'client_credentials';

export const humeMints: readonly Mint[] = [
  {
    path: '/oauth2-cc/token',
    takesForm: true,
    prefix: 'ek_',
    sessionField: '',
    read,
    reply: ({ value, expiresAt, now }) => ({
      access_token: value,
      token_type: 'Bearer',
      expires_in: Math.floor((expiresAt - now) / 1000),
    }),
  },
];

function read(body: JsonObject, { now, maxUses }: MintBounds): MintRequest | MintFault {
  const { grant_type: grant, trunkline: own } = body;
  const unknown = unknownField(body, ['grant_type']);
  if (unknown !== undefined) return unknown;
  if (grant !== GRANT) return { field: 'grant_type', expected: GRANT };
  return { expiresAt: now + USUAL_SECONDS * 1000, uses: maxUses, own };
}
