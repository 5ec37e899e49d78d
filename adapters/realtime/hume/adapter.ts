// The provider Hume: the paths of its EVI and of its speech, its credentials, the shape of its errors.

import type { NamedId } from '../contract/dialect.ts';
import type { Handshake, NotServed, Provider, Resource, ServedEndpoint } from '../contract.ts';
import { commonPlaces } from '../handshake/credential.ts';
import { valuesIn } from '../handshake/query.ts';
import { namedInQuery } from '../handshake/query-resource.ts';
import { type HttpReply, type Refusal, refusalReply, untilOf } from '../refusal.ts';
import { humeChatDialect } from './dialects/chat.ts';
import { humeSpeechDialect } from './dialects/speech.ts';
import { humeMints } from './mints.ts';
import { RESUMED } from './resumption.ts';

const endpoints: readonly ServedEndpoint[] = [
  {
    path: '/v0/evi/chat',
    dialect: humeChatDialect,
    // Document: the most that a configuration can say, and the usual.
    maxSeconds: 30 * 60,
    // Without one there is a configuration of Hume's own, or that of the chat that goes on.
    ...namedInQuery('config_id', { kind: 'agent', usual: 'evi' }),
    idsIn: (handshake): readonly NamedId[] => valuesIn(handshake, RESUMED).map((id) => ({ field: RESUMED, id })),
  },
  {
    path: '/v0/tts/stream/input',
    dialect: humeSpeechDialect,
    resources: octaveModel,
    namedIn: 'version',
    billedBy: 'characters',
  },
];

const notServed: readonly NotServed[] = [
  ...['/v0/evi/{rest...}', '/v0/tts', '/v0/tts/{rest...}', '/v0/stream/models', '/v0/batch/{rest...}'].map((path) => ({
    path,
    takesAnyBody: true,
    instead: 'of Hume there are EVI (/v0/evi/chat) and speech (/v0/tts/stream/input), over WebSocket',
  })),
];

/** Hume, dialled with an API key in a header (measured with the SDK for Python). Access tokens go into the query as `access_token` (measured). */
export const hume: Provider = {
  name: 'hume',
  environment: ['HUME_API_KEY'],
  baseUrl: 'wss://api.hume.ai',
  auth: 'header:x-hume-api-key',
  endpoints,
  mints: humeMints,
  notServed,
  free: { path: '/v0/evi/configs?page_size=1', refusals: [401, 403] },
  credentials: { ...commonPlaces, basic: true, headers: ['x-hume-api-key', ...commonPlaces.headers] },
  subprotocol: 'hume',
  forwardedHeaders: ['user-agent', 'x-fern-language', 'x-fern-sdk-name', 'x-fern-sdk-version'],
  switches: [],
  // EVI is billed by the minute, speech by characters (documents).
  billing: { by: 'connected-time' },
  preconnect: true,
  httpError,
};

/** The generations of its model have no names, but numbers in the query. */
function octaveModel(handshake: Handshake): readonly Resource[] {
  const versions = valuesIn(handshake, 'version');
  const names = versions.map((version) => (/^\d+$/.test(version) ? `octave-${version}` : version));
  return (names.length === 0 ? ['octave'] : names).map((name) => ({ kind: 'model', name }));
}

/** SDKs show the whole body. */
function httpError(refusal: Refusal): HttpReply {
  const { code, message, help } = refusal;
  return refusalReply(refusal, { code, message, ...untilOf(refusal), help });
}
