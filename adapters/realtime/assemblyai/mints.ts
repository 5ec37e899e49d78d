// The paths on which a browser's token is asked for: `GET /v3/token` for transcription (measured with the SDK), `GET /v1/token` for the agent
// (document). Their query has how long the token opens a session, and how long that may last.

import type { JsonObject } from '../../../codecs/json/object.ts';
import type { Mint, MintBounds, MintFault, MintRequest } from '../contract/mint.ts';
import { assemblyaiAgentDialect } from './dialects/agent.ts';
import { assemblyaiStreamingDialect } from './dialects/transcription.ts';

/** Bounds of both times, in seconds. */
const OPEN = { least: 1, most: 600 };
const SESSION = { least: 60, most: 10_800 };

export const assemblyaiMints: readonly Mint[] = [
  ['/v3/token', assemblyaiStreamingDialect] as const,
  ['/v1/token', assemblyaiAgentDialect] as const,
].map(([path, { name: dialect }]) => ({
  method: 'GET',
  path,
  prefix: 'ek_',
  dialect,
  sessionField: '',
  read,
  reply: ({ value, expiresAt, now }) => ({ token: value, expires_in_seconds: Math.round((expiresAt - now) / 1000) }),
}));

function read(query: JsonObject, { now, openSeconds }: MintBounds): MintRequest | MintFault {
  const opens = secondsIn(query, 'expires_in_seconds', OPEN) ?? openSeconds;
  if (typeof opens === 'object') return opens;
  const maxSessionSeconds = secondsIn(query, 'max_session_duration_seconds', SESSION);
  if (typeof maxSessionSeconds === 'object') return maxSessionSeconds;
  return {
    expiresAt: now + opens * 1000,
    uses: 1,
    own: maxSessionSeconds === undefined ? undefined : { maxSessionSeconds },
  };
}

function secondsIn(
  query: JsonObject,
  field: string,
  { least, most }: { readonly least: number; readonly most: number },
): number | MintFault | undefined {
  const given = query[field];
  if (given === undefined) return undefined;
  const seconds = typeof given === 'string' && /^\d+$/.test(given) ? Number(given) : Number.NaN;
  return seconds >= least && seconds <= most ? seconds : { field, expected: `a whole number from ${least} to ${most}` };
}
