// The path on which Google's SDKs ask for an ephemeral token, in three API versions. Everything of a session is locked that its token has a setup
// for; with a field mask, the fields of the mask alone. https://ai.google.dev/api/live#ephemeral-auth-tokens

import { isObject, type JsonObject } from '../../../codecs/json/object.ts';
import { type Mint, type MintBounds, type MintFault, type MintRequest, unknownField } from '../contract/mint.ts';
import { geminiLiveDialect } from './dialect.ts';

const fields = ['uses', 'expireTime', 'newSessionExpireTime', 'bidiGenerateContentSetup', 'fieldMask'];

/** "If set, this value must be less than 20 hours in the future." */
const MAX_MS = 20 * 60 * 60 * 1000;
/** Sessions of a token end so long after it was made, where it does not say. */
const USUAL_MS = 30 * 60 * 1000;

export const geminiMints: readonly Mint[] = ['v1', 'v1beta', 'v1alpha'].map((version) => ({
  path: `/${version}/auth_tokens`,
  prefix: 'auth_tokens/',
  dialect: geminiLiveDialect.name,
  sessionField: '',
  read,
  reply: ({ value }) => ({ name: value }),
}));

function read(body: JsonObject, bounds: MintBounds): MintRequest | MintFault {
  const unknown = unknownField(body, fields);
  if (unknown !== undefined) return unknown;
  const { now, openSeconds, maxUses } = bounds;
  const { uses = 1, bidiGenerateContentSetup: setup, fieldMask = '', trunkline: own } = body;
  if (!Number.isInteger(uses) || (uses as number) < 0 || (uses as number) > maxUses)
    return { field: 'uses', expected: `a whole number from 0 to ${maxUses}; 0 is as many as may be` };
  if (setup !== undefined && !isObject(setup)) return { field: 'bidiGenerateContentSetup', expected: 'an object' };
  if (typeof fieldMask !== 'string')
    return { field: 'fieldMask', expected: 'names of fields in one text, separated by commas' };
  const endsAt = timeIn(body, 'expireTime', { now, usual: now + USUAL_MS });
  if (typeof endsAt === 'object') return endsAt;
  const opensUntil = timeIn(body, 'newSessionExpireTime', { now, usual: now + openSeconds * 1000 });
  if (typeof opensUntil === 'object') return opensUntil;
  return {
    expiresAt: Math.min(opensUntil, endsAt),
    endsAt,
    uses: uses === 0 ? maxUses : (uses as number),
    session: locked(setup, fieldMask),
    own,
  };
}

function timeIn(
  body: JsonObject,
  field: string,
  { now, usual }: { readonly now: number; readonly usual: number },
): number | MintFault {
  const given = body[field];
  if (given === undefined) return usual;
  const at = typeof given === 'string' ? Date.parse(given) : Number.NaN;
  if (at > now && at < now + MAX_MS) return at;
  return { field, expected: 'a time in the future, less than 20 hours away, such as 2027-01-31T12:00:00Z' };
}

/** The fields of the token that lock something; undefined where none does. */
function locked(setup: JsonObject | undefined, fieldMask: string): JsonObject | undefined {
  if (setup === undefined && fieldMask === '') return undefined;
  return { ...(setup && { bidiGenerateContentSetup: setup }), ...(fieldMask !== '' && { fieldMask }) };
}
