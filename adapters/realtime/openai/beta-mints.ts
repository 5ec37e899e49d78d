// The paths on which SDKs asked for a client secret in the beta: the body is the session itself, and so is the answer, with the secret in it.

import { isObject, type JsonObject } from '../../../codecs/json/object.ts';
import type { Mint, MintBounds, Minted, MintFault, MintRequest } from '../contract/mint.ts';
import { openaiRealtimeDialect } from './dialects/realtime.ts';
import { expiryAt, SESSION_OBJECTS } from './mints.ts';
import { speechSession, transcriptionSession } from './vocabulary/beta-clients.ts';
import { betaPath, betaSettings } from './vocabulary/settings.ts';

/** `inToday`: writes a session in the words of today, in which settings are pinned. */
const mintOf = (path: string, inToday: (session: JsonObject) => JsonObject): Mint => ({
  path,
  prefix: 'ek_',
  dialect: openaiRealtimeDialect.name,
  sessionField: '',
  fieldOf: (setting) => betaPath(`session.${setting}`).replace(/^session\./, ''),
  read: (body, bounds) => read(body, bounds, inToday),
  reply,
});

export const betaMints: readonly Mint[] = [
  mintOf('/v1/realtime/sessions', speechSession),
  mintOf('/v1/realtime/transcription_sessions', transcriptionSession),
];

function read(
  { client_secret: secret = {}, trunkline: own, ...session }: JsonObject,
  bounds: MintBounds,
  inToday: (session: JsonObject) => JsonObject,
): MintRequest | MintFault {
  if (!isObject(secret)) return { field: 'client_secret', expected: 'an object' };
  const [field = 'expires_after', ...others] = Object.keys(secret);
  // Sessions that transcribe had the other name.
  if (others.length > 0 || !/^expires_(after|at)$/.test(field))
    return { field: 'client_secret', expected: 'expires_after alone' };
  const expiry = expiryAt(`client_secret.${field}`, secret[field], bounds);
  return 'expected' in expiry ? expiry : { ...expiry, uses: 1, session: inToday(session), own };
}

function reply({ id, value, expiresAt, session = {} }: Minted): object {
  const { type, ...settings } = session;
  const named = { object: SESSION_OBJECTS[String(type)], id: `sess_${id}` };
  const secret = { value, expires_at: Math.floor(expiresAt / 1000) };
  return { ...named, ...betaSettings(settings), client_secret: secret, trunkline: { id } };
}
