// The path on which Mistral's SDKs ask for the secret of a client session: `POST /v1/client/sessions` (measured). It is for one model.

import { isObject, type JsonObject } from '../../../codecs/json/object.ts';
import {
  type Mint,
  type MintBounds,
  type Minted,
  type MintFault,
  type MintRequest,
  unknownField,
} from '../contract/mint.ts';

export const mistralMints: readonly Mint[] = [
  { path: '/v1/client/sessions', prefix: 'ek_', sessionField: '', read, status: 201, reply },
];

function read(body: JsonObject, { now, openSeconds, maxOpenSeconds }: MintBounds): MintRequest | MintFault {
  const unknown = unknownField(body, ['purpose', 'model', 'ttl_seconds']);
  if (unknown !== undefined) return unknown;
  const { purpose, model, ttl_seconds: ttl, trunkline = {} } = body;
  if (purpose !== 'realtime') return { field: 'purpose', expected: 'realtime' };
  // A star would make it a pattern: a secret for every model of the key.
  if (typeof model !== 'string' || model === '' || model.includes('*'))
    return { field: 'model', expected: 'the name of a model' };
  const seconds = ttl ?? openSeconds;
  if (!Number.isInteger(seconds) || (seconds as number) < 1 || (seconds as number) > maxOpenSeconds)
    return { field: 'ttl_seconds', expected: `a whole number from 1 to ${maxOpenSeconds}` };
  const own = isObject(trunkline) ? { models: [model], ...trunkline } : trunkline;
  return { expiresAt: now + (seconds as number) * 1000, uses: 1, own };
}

function reply({ value, expiresAt }: Minted): object {
  const expires_at = new Date(expiresAt).toISOString();
  return { object: 'client.session', purpose: 'realtime', expires_at, client_secret: { value, expires_at } };
}
