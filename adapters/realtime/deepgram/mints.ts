// The path on which Deepgram's SDKs ask for a token of a browser: `POST /v1/auth/grant` (measured with the SDK). It opens all of Deepgram's sockets.

import type { JsonObject } from '../../../codecs/json/object.ts';
import { type Mint, type MintBounds, type MintFault, type MintRequest, unknownField } from '../contract/mint.ts';

/** Time to open sessions where none is asked for (read in the SDK). */
const USUAL_SECONDS = 30;

export const deepgramMints: readonly Mint[] = [
  {
    path: '/v1/auth/grant',
    prefix: 'ek_',
    sessionField: '',
    read,
    reply: ({ value, expiresAt, now }) => ({ access_token: value, expires_in: (expiresAt - now) / 1000 }),
  },
];

/** A token of Deepgram opens any number of sessions in its time, and SDKs open them again by themselves. */
function read(body: JsonObject, { now, maxOpenSeconds, maxUses }: MintBounds): MintRequest | MintFault {
  const unknown = unknownField(body, ['ttl_seconds']);
  if (unknown !== undefined) return unknown;
  const { ttl_seconds: seconds = USUAL_SECONDS, trunkline: own } = body;
  if (typeof seconds !== 'number' || !(seconds >= 1 && seconds <= maxOpenSeconds))
    return { field: 'ttl_seconds', expected: `a number of seconds from 1 to ${maxOpenSeconds}` };
  return { expiresAt: now + Math.floor(seconds * 1000), uses: maxUses, own };
}
