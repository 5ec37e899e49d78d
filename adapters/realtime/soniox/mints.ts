// The path on which Soniox's SDKs ask for the temporary key of a page (read in @soniox/node 2.3).

import { isObject, type JsonObject } from '../../../codecs/json/object.ts';
import { type Mint, type MintBounds, type MintFault, type MintRequest, unknownField } from '../contract/mint.ts';
import { sonioxSpeechDialect } from './speech.ts';
import { sonioxTranscriptionDialect } from './transcription.ts';

const DIALECTS: ReadonlyMap<unknown, string> = new Map([
  ['transcribe_websocket', sonioxTranscriptionDialect.name],
  ['tts_rt', sonioxSpeechDialect.name],
]);

const FIELDS = [
  'usage_type',
  'expires_in_seconds',
  'client_reference_id',
  'single_use',
  'max_session_duration_seconds',
];

/** Longest session of a temporary key. */
const MAX_SESSION_SECONDS = 18_000;

export const sonioxMints: readonly Mint[] = [
  {
    path: '/v1/auth/temporary-api-key',
    prefix: 'ek_',
    sessionField: '',
    status: 201,
    read,
    reply: ({ value, expiresAt }) => ({ api_key: value, expires_at: new Date(expiresAt).toISOString() }),
  },
];

/** Without `single_use` a key opens any number of sessions in its time. */
function read(body: JsonObject, { now, maxOpenSeconds, maxUses }: MintBounds): MintRequest | MintFault {
  const unknown = unknownField(body, FIELDS);
  if (unknown !== undefined) return unknown;
  const {
    usage_type: usage,
    expires_in_seconds: open,
    client_reference_id: reference,
    single_use: isSingle = false,
    max_session_duration_seconds: longest,
    trunkline,
  } = body;
  const dialect = DIALECTS.get(usage);
  if (dialect === undefined) return { field: 'usage_type', expected: [...DIALECTS.keys()].join(' or ') };
  if (!isSeconds(open, maxOpenSeconds)) return secondsFault('expires_in_seconds', maxOpenSeconds);
  if (longest !== undefined && !isSeconds(longest, MAX_SESSION_SECONDS))
    return secondsFault('max_session_duration_seconds', MAX_SESSION_SECONDS);
  if (typeof isSingle !== 'boolean') return { field: 'single_use', expected: 'true or false' };
  if (reference !== undefined && typeof reference !== 'string')
    return { field: 'client_reference_id', expected: 'a text' };
  const bounds = {
    ...(longest === undefined ? {} : { maxSessionSeconds: Math.floor(longest) }),
    ...(reference === undefined ? {} : { tags: { client_reference_id: reference } }),
  };
  const own = trunkline === undefined || isObject(trunkline) ? { ...bounds, ...trunkline } : trunkline;
  return { expiresAt: now + Math.floor(open * 1000), uses: isSingle ? 1 : maxUses, dialect, own };
}

const isSeconds = (value: unknown, max: number): value is number =>
  typeof value === 'number' && value >= 1 && value <= max;

const secondsFault = (field: string, max: number): MintFault => ({
  field,
  expected: `a number of seconds from 1 to ${max}`,
});
