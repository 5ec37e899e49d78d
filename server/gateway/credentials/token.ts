// Reads tokens of access, as clouds and their command lines hand them out. Rule: neither what is read nor a fault of it repeats a token.

import { isObject, parseJson } from '../../../codecs/json/object.ts';

/** Share of its time after which a token is fetched anew, while sessions still get the one before. */
const FRESH_SHARE = 0.8;

/** Times are milliseconds since the epoch. */
export interface Token {
  readonly token: string;
  readonly freshUntil: number;
  readonly until: number;
}

/** There is no token; `message` says why, without what was said instead of one. */
export class TokenError extends Error {}

/** Reads a token alone, or the JSON of a cloud's command line, which says when it ends. */
export function readToken(output: string, tokenMs: number): Token {
  const text = output.trim();
  const value = parseJson(text);
  const fields = isObject(value) ? value : {};
  const named = [fields.accessToken, fields.access_token, fields.token].find((one) => typeof one === 'string');
  const token = isObject(value) ? (named as string | undefined) : text;
  if (token === undefined || !/^[\x21-\x7e]+$/.test(token))
    throw new TokenError('expected a token alone, or JSON with accessToken, access_token or token');
  const now = Date.now();
  const until = Math.min(now + tokenMs, endOfJwt(token) ?? Number.POSITIVE_INFINITY, endIn(fields, now));
  if (until <= now) throw new TokenError('its token has ended already');
  return { token, until, freshUntil: now + (until - now) * FRESH_SHARE };
}

/** `expires_on`: seconds since the epoch (Azure); `expires_in`: seconds from now (OAuth). */
function endIn({ expires_on: on, expires_in: after }: Readonly<Record<string, unknown>>, now: number): number {
  if (typeof on === 'number') return on * 1000;
  return typeof after === 'number' ? now + after * 1000 : Number.POSITIVE_INFINITY;
}

function endOfJwt(token: string): number | undefined {
  const [, payload, signature] = token.split('.');
  if (payload === undefined || signature === undefined) return undefined;
  const claims = parseJson(Buffer.from(payload, 'base64url').toString());
  return isObject(claims) && typeof claims.exp === 'number' ? claims.exp * 1000 : undefined;
}
