// The paths on which OpenAI's SDKs ask for a client secret: for Realtime, transcription included, and for Translation.
// https://platform.openai.com/docs/api-reference/realtime-sessions/create-realtime-client-secret

import { isObject, type JsonObject } from '../../../codecs/json/object.ts';
import {
  type Mint,
  type MintBounds,
  type Minted,
  type MintFault,
  type MintRequest,
  unknownField,
} from '../contract/mint.ts';
import { openaiRealtimeDialect } from './dialects/realtime.ts';
import { openaiTranslationDialect } from './dialects/translation.ts';

/** Every path. xAI's SDKs ask on the first one, too, without a session and an anchor. */
export const openaiMints: readonly Mint[] = [
  realtimeMint('/v1/realtime/client_secrets'),
  {
    path: '/v1/realtime/translations/client_secrets',
    prefix: 'ek_',
    dialect: openaiTranslationDialect.name,
    sessionField: 'session',
    read: (body, bounds) => read(body, bounds, ['translation']),
    reply: (minted) => reply(minted, { type: 'translation' }),
  },
];

/** The path of a provider that mints as OpenAI does for Realtime. */
export function realtimeMint(path: string): Mint {
  return {
    path,
    prefix: 'ek_',
    dialect: openaiRealtimeDialect.name,
    sessionField: 'session',
    read: (body, bounds) => read(body, bounds, ['realtime', 'transcription']),
    reply: (minted) => reply(minted, { type: 'realtime' }),
  };
}

function read(body: JsonObject, bounds: MintBounds, types: readonly string[]): MintRequest | MintFault {
  const { expires_after: after, session, trunkline: own } = body;
  const unknown = unknownField(body, ['expires_after', 'session']);
  if (unknown !== undefined) return unknown;
  const expiry = expiryAt('expires_after', after, bounds);
  if ('expected' in expiry) return expiry;
  if (session !== undefined && !isObject(session)) return { field: 'session', expected: 'an object' };
  if (session?.type !== undefined && !types.includes(session.type as string))
    return { field: 'session.type', expected: types.join(' or ') };
  return { ...expiry, uses: 1, session: pinned(session, types), own };
}

/** Reads until when a secret opens a session. */
export function expiryAt(
  field: string,
  given: unknown,
  { now, openSeconds, maxOpenSeconds }: MintBounds,
): Pick<MintRequest, 'expiresAt'> | MintFault {
  if (given !== undefined && !isObject(given)) return { field, expected: 'an object' };
  const { anchor = 'created_at', seconds = openSeconds, ...others } = given ?? {};
  const [other] = Object.keys(others);
  if (other !== undefined) return { field: `${field}.${other}`, expected: 'anchor and seconds alone' };
  if (anchor !== 'created_at') return { field: `${field}.anchor`, expected: 'created_at' };
  return isWhole(seconds, maxOpenSeconds)
    ? { expiresAt: now + seconds * 1000 }
    : { field: `${field}.seconds`, expected: `a whole number from 1 to ${maxOpenSeconds}` };
}

const isWhole = (value: unknown, most: number): value is number =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most;

/** A translation has one type, which its events do not name. */
function pinned(session: JsonObject | undefined, types: readonly string[]): JsonObject | undefined {
  if (session === undefined || types.length > 1) return session;
  const { type: _, ...settings } = session;
  return settings;
}

/** The name of its object, by the type of a session. */
export const SESSION_OBJECTS: Readonly<Record<string, string>> = {
  realtime: 'realtime.session',
  transcription: 'realtime.transcription_session',
};

function reply({ id, value, expiresAt, session }: Minted, { type: usual }: { readonly type: string }): object {
  const type = typeof session?.type === 'string' ? session.type : usual;
  const object = SESSION_OBJECTS[type];
  const named = { ...(object !== undefined && { object }), id: `sess_${id}`, type };
  return { value, expires_at: Math.floor(expiresAt / 1000), session: { ...named, ...session }, trunkline: { id } };
}
