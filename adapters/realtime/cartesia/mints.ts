// The path on which Cartesia's SDKs ask for an access token: `POST /access-token` (measured). Its grants are kinds of models, which have names of
// their own (documents).

import { isObject, type JsonObject } from '../../../codecs/json/object.ts';
import { type Mint, type MintBounds, type MintFault, type MintRequest, unknownField } from '../contract/mint.ts';

const GRANTS = { tts: 'sonic*', stt: 'ink*', agent: 'agent_*' } as const;
const names = Object.keys(GRANTS) as (keyof typeof GRANTS)[];

export const cartesiaMints: readonly Mint[] = [
  { path: '/access-token', prefix: 'ek_', sessionField: '', read, reply: ({ value }) => ({ token: value }) },
];

/** A token of Cartesia opens any number of sessions in its time. */
function read(body: JsonObject, { now, openSeconds, maxOpenSeconds, maxUses }: MintBounds): MintRequest | MintFault {
  const unknown = unknownField(body, ['grants', 'expires_in']);
  if (unknown !== undefined) return unknown;
  const { grants, expires_in: given, trunkline = {} } = body;
  const granted = isObject(grants) ? names.filter((name) => grants[name] === true) : [];
  if (granted.length === 0) return { field: 'grants', expected: `true for one of ${names.join(', ')}` };
  const seconds = given ?? openSeconds;
  if (!Number.isInteger(seconds) || (seconds as number) < 1 || (seconds as number) > maxOpenSeconds)
    return { field: 'expires_in', expected: `a whole number from 1 to ${maxOpenSeconds}` };
  const models = granted.map((name) => GRANTS[name]);
  const own = isObject(trunkline) ? { models, ...trunkline } : trunkline;
  return { expiresAt: now + (seconds as number) * 1000, uses: maxUses, own };
}
