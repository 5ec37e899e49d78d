// The provider Gladia: sessions are made by POST /v2/live, whose answer has the URL of their socket; its credentials, the shape of its errors.

import type { JsonObject } from '../../../codecs/json/object.ts';
import type { MintBounds, MintFault, MintRequest } from '../contract/mint.ts';
import type { Provider } from '../contract.ts';
import { commonPlaces } from '../handshake/credential.ts';
import { type HttpReply, type Refusal, refusalReply, untilOf } from '../refusal.ts';
import { gladiaDialect } from './dialect.ts';

/** The path of the socket here: the provider's own is that of the mint, with a token in the query (measured). */
const SOCKET = '/v2/live/socket';

/** The model where a session names none (read in the SDK). */
const USUAL_MODEL = 'solaria-1';
/** The SDK dials the same URL again when a connection breaks. */
const USES = 100;

/** Gladia, asked for sessions with an API key in a header: measured with the SDK (JavaScript 2.1). */
export const gladia: Provider = {
  name: 'gladia',
  environment: ['GLADIA_API_KEY'],
  baseUrl: 'wss://api.gladia.io',
  auth: 'header:x-gladia-key',
  endpoints: [{ path: SOCKET, dialect: gladiaDialect, upstreamPath: () => '/v2/live', resources: () => 'unknown' }],
  mints: [
    {
      path: '/v2/live',
      prefix: 'ek_',
      dialect: gladiaDialect.name,
      sessionField: '',
      read: readSession,
      relay: { urlField: 'url', path: SOCKET, parameter: 'token', parameters: ['region'] },
    },
  ],
  notServed: [
    ...['/v2/live/{id}', '/v2/live/{id}/file'].map((path) => ({ path, takesAnyBody: true })),
    ...['/v2/pre-recorded', '/v2/pre-recorded/{rest...}'].map((path) => ({ path, takesAnyBody: true })),
  ].map((one) => ({ ...one, instead: 'of Gladia there are live sessions, which POST /v2/live makes' })),
  free: { path: '/v2/live?limit=1', refusals: [401, 403] },
  credentials: { ...commonPlaces, headers: ['x-gladia-key', ...commonPlaces.headers] },
  subprotocol: 'gladia',
  forwardedHeaders: ['user-agent'],
  switches: [],
  // Billed by the seconds of audio of each channel (read in the SDK: `billing_time`). What is told of them at the end is the whole of a session that may have
  // had several sockets, of which each is billed here by what it has sent.
  billing: { by: 'audio-in' },
  preconnect: false,
  httpError,
};

/** The settings of a session are Gladia's to check. */
function readSession(body: JsonObject, { now, maxOpenSeconds, maxUses }: MintBounds): MintRequest | MintFault {
  const { model = USUAL_MODEL, trunkline: own } = body;
  if (typeof model !== 'string' || model === '') return { field: 'model', expected: 'the name of a model' };
  const [expiresAt, uses] = [now + maxOpenSeconds * 1000, Math.min(USES, maxUses)];
  return { expiresAt, uses, own, model, sound: { upstream: bytesPerSecond(body) } };
}

/** Bytes of a second of one channel: a second of two channels is two that are billed. Defaults: document. */
function bytesPerSecond({
  encoding = 'wav/pcm',
  sample_rate: rate = 16_000,
  bit_depth: bits = 16,
}: JsonObject): number {
  return encoding === 'wav/pcm' ? (Number(rate) * Number(bits)) / 8 || 0 : Number(rate) || 0;
}

/** The SDK shows `message`. */
function httpError(refusal: Refusal): HttpReply {
  const { status, code, message, help } = refusal;
  return refusalReply(refusal, { statusCode: status, message, code, ...untilOf(refusal), help });
}
