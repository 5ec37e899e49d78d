// The provider Rev.ai: its streaming transcription, its credentials, how it is dialled, the shape of its errors. Its events are in dialect.ts.

import type { SoundRates } from '../contract/metering.ts';
import type { Handshake, Provider } from '../contract.ts';
import { commonPlaces } from '../handshake/credential.ts';
import { valuesIn } from '../handshake/query.ts';
import { namedInQuery } from '../handshake/query-resource.ts';
import { type HttpReply, type Refusal, refusalReply } from '../refusal.ts';
import { revaiDialect } from './dialect.ts';

/** Rev.ai, dialled with the token in the query, as its SDK does it (measured with revai-node-sdk 3.8). */
export const revai: Provider = {
  name: 'revai',
  environment: ['REVAI_ACCESS_TOKEN'],
  baseUrl: 'wss://api.rev.ai',
  auth: 'query:access_token',
  endpoints: [
    {
      path: '/speechtotext/v1/stream',
      dialect: revaiDialect,
      // Document.
      maxSeconds: 3 * 60 * 60,
      // It is called `machine` where the query names none (document).
      ...namedInQuery('transcriber', { usual: 'machine' }),
      once: ['content_type'],
      soundIn,
      reject: rejectType,
    },
  ],
  notServed: ['/speechtotext/v1/{rest...}'].map((path) => ({
    path,
    takesAnyBody: true,
    instead: 'of Rev.ai there is streaming transcription, over WebSocket at /speechtotext/v1/stream',
  })),
  free: { path: '/speechtotext/v1/account', refusals: [401, 403], auth: 'bearer' },
  credentials: commonPlaces,
  subprotocol: 'revai',
  forwardedHeaders: ['user-agent'],
  switches: [],
  // Streams are billed by the audio that is heard, each up to 15 s more (document): what it was is reported nowhere.
  billing: { by: 'audio-in' },
  preconnect: true,
  httpError,
};

/** Bytes of a sample by the names of GStreamer, which the content type has. */
const SAMPLE_BYTES: Readonly<Record<string, number>> = { S8: 1, U8: 1, S16: 2, U16: 2, S24: 3, S32: 4, F32: 4, F64: 8 };

/** The rate of raw sound; other types are compressed, or have a header. */
function soundIn(handshake: Handshake): SoundRates | undefined {
  const [kind, ...parameters] = contentType(handshake);
  if (kind?.[0] !== 'audio/x-raw') return undefined;
  const { format = '', rate, channels = '1' } = Object.fromEntries(parameters);
  const bytes = Number(rate) * Number(channels) * (SAMPLE_BYTES[format.replace(/(LE|BE)$/, '')] ?? Number.NaN);
  return Number.isFinite(bytes) && bytes > 0 ? { upstream: bytes } : undefined;
}

/** The type, and its parameters behind it. */
function contentType(handshake: Handshake): readonly (readonly string[])[] {
  const [type = ''] = valuesIn(handshake, 'content_type');
  return type.split(';').map((each) => each.trim().split('='));
}

function rejectType(handshake: Handshake): Refusal | undefined {
  const names = contentType(handshake).map(([name = '']) => name.toLowerCase());
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  const message = `The content_type has ${twice} more than once: send it once.`;
  return twice === undefined ? undefined : { status: 400, code: 'invalid_request', message };
}

/** The shape of its HTTP errors (document). Its SDK shows the status alone. */
function httpError(refusal: Refusal): HttpReply {
  const { status, code, message, help } = refusal;
  return refusalReply(refusal, { title: code, status, detail: message, help }, 'application/problem+json');
}
