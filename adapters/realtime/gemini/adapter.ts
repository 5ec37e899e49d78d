// Gemini Live (AI Studio): BidiGenerateContent, and its twin for ephemeral tokens, in three API versions.

import type { NotServed, Provider, ServedEndpoint } from '../contract.ts';
import { commonPlaces } from '../handshake/credential.ts';
import { namedFirst } from '../handshake/first-names.ts';
import type { HttpReply, Refusal } from '../refusal.ts';
import { geminiLiveDialect } from './dialect.ts';
import { geminiMints } from './mints.ts';
import { geminiMusicDialect } from './music.ts';
import { ownName, studioName, vertexName } from './own-model.ts';
import { inOwnPlace } from './own-place.ts';

const SERVICE = 'google.ai.generativelanguage';
const versions = ['v1', 'v1beta', 'v1alpha'];
const constrained = 'Constrained';
const forwardedHeaders = ['user-agent', 'x-goog-api-client'];

const isEphemeral = (credential: string): boolean => credential.startsWith('auth_tokens/');

/** The credential decides the method: an ephemeral token is only taken by the constrained one, a key only by the other. */
function upstreamPath(path: string, credential: string): string {
  const plain = path.endsWith(constrained) ? path.slice(0, -constrained.length) : path;
  return isEphemeral(credential) ? plain + constrained : plain;
}

const endpoints: readonly ServedEndpoint[] = versions.flatMap((version) =>
  ['', constrained].map((suffix) => ({
    path: `/ws/${SERVICE}.${version}.GenerativeService.BidiGenerateContent${suffix}`,
    dialect: geminiLiveDialect,
    resources: namedFirst,
    upstreamPath,
  })),
);

/** Music is another product at another price: an account has to ask for it. */
const musicEndpoints: readonly ServedEndpoint[] = versions.map((version) => ({
  path: `/ws/${SERVICE}.${version}.GenerativeService.BidiGenerateMusic`,
  dialect: geminiMusicDialect,
  needsSetting: 'music',
  billedBy: 'connected-time',
  resources: namedFirst,
}));

const sockets = `of Google's sockets there is /ws/${SERVICE}.v1beta.GenerativeService.BidiGenerateContent, and music where the account has settings.music`;
const instead =
  'text goes through POST /v1/chat/completions, in the form of OpenAI; its classes may have targets of the profile gemini';
/** The HTTP API: all of the versions that nobody else has, and of `v1` what no other API has there. Vertex has the paths of projects. */
const httpPaths = [
  ...['v1beta', 'v1alpha', 'v1beta1', 'upload'].map((version) => `/${version}/{rest...}`),
  ...['cachedContents', 'tunedModels', 'operations'].map((name) => `/v1/${name}/{rest...}`),
  '/v1/projects/{project}/locations/{rest...}',
];

const notServed: readonly NotServed[] = [
  // `{call}`: a model and its method, such as `gemini-3.8-flash:generateContent`.
  { method: 'POST', path: '/v1/models/{call}', instead },
  ...httpPaths.map((path) => ({ path, takesAnyBody: true, instead })),
  ...versions.map((version) => ({
    path: `/ws/${SERVICE}.${version}.GenerativeService.BidiGenerateMusic`,
    instead: sockets,
  })),
];

/**
 * Gemini Live, dialled with an API key or an ephemeral token in the query. It has no longest session here: documents tell of ten minutes a connection and
 * of fifteen a session, third parties saw 58, and `goAway` says in each how much is left.
 */
export const gemini: Provider = {
  name: 'gemini',
  environment: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'],
  baseUrl: 'wss://generativelanguage.googleapis.com',
  auth: (credential) => (isEphemeral(credential) ? 'query:access_token' : 'query:key'),
  settings: { music: 'Any text, such as on: BidiGenerateMusic is served, too.' },
  endpoints: [...endpoints, ...musicEndpoints],
  modelUpstream: studioName,
  modelInLists: ownName,
  notServed,
  mints: geminiMints,
  // A key that is none is a 400.
  free: { path: '/v1beta/models', refusals: [400, 401, 403] },
  billing: { by: 'reported-usage', priceListName: 'google' },
  preconnect: true,
  credentials: commonPlaces,
  // SDKs offer none; a page that has its credential in a subprotocol needs another that can be answered.
  subprotocol: 'realtime',
  forwardedHeaders,
  switches: [],
  httpError,
};

/** OAuth tokens of the cloud (measured with the SDK for Python); v1beta1 is what SDKs dial (read in them), v1 a third party in production. */
const vertexEndpoints: readonly ServedEndpoint[] = ['v1beta1', 'v1'].map((version) => ({
  path: `/ws/google.cloud.aiplatform.${version}.LlmBidiService/BidiGenerateContent`,
  dialect: geminiLiveDialect,
  accountRule: inOwnPlace,
  resources: namedFirst,
}));

/** Gemini Live on Vertex AI, dialled with an OAuth token. Its clients name their models by a path, of which lists and prices know the model alone. */
export const vertex: Provider = {
  name: 'vertex',
  environment: [],
  baseUrl: 'wss://{location}-aiplatform.googleapis.com',
  settings: {
    location: 'Region, such as us-central1. For the global host: baseUrl wss://aiplatform.googleapis.com.',
    project: 'Id of the project, for models that are named without their path: in models, and as name/model.',
  },
  auth: 'bearer',
  // The files of Google's own users name no place.
  tokenGrant: {
    scope: 'https://www.googleapis.com/auth/cloud-platform',
    uri: 'https://oauth2.googleapis.com/token',
  },
  endpoints: vertexEndpoints,
  modelUpstream: vertexName,
  modelInLists: ownName,
  notServed: [],
  // Document.
  free: { path: '/v1beta1/publishers/google/models', refusals: [401, 403] },
  billing: { by: 'reported-usage', priceListName: 'google' },
  preconnect: true,
  credentials: commonPlaces,
  subprotocol: gemini.subprotocol,
  forwardedHeaders,
  switches: [],
  httpError,
};

/** Google's error shape (google.rpc.Status as JSON); the gateway's own code is the reason in `details`. */
function httpError({ status, code, message: words, param, retryAfterS, resetsAt, help }: Refusal): HttpReply {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  const until = resetsAt === undefined ? {} : { metadata: { resets_at: new Date(resetsAt).toISOString() } };
  // The SDKs show the message alone.
  const message = param === undefined ? words : `${param}: ${words}`;
  const details: object[] = [
    { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: code, domain: 'trunkline', ...until },
  ];
  if (help !== undefined)
    details.push({ '@type': 'type.googleapis.com/google.rpc.Help', links: [{ description: code, url: help }] });
  if (param !== undefined) {
    const fieldViolations = [{ field: param, description: words }];
    details.push({ '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations });
  }
  if (retryAfterS !== undefined) {
    headers['retry-after'] = String(retryAfterS);
    details.push({ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${retryAfterS}s` });
  }
  return {
    status,
    headers,
    body: JSON.stringify({ error: { code: status, message, status: canonicalStatus(status), details } }),
  };
}

const canonicalStatuses: { readonly [status: number]: string } = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ALREADY_EXISTS',
  402: 'RESOURCE_EXHAUSTED',
  429: 'RESOURCE_EXHAUSTED',
  501: 'UNIMPLEMENTED',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

function canonicalStatus(status: number): string {
  return canonicalStatuses[status] ?? (status < 500 ? 'INVALID_ARGUMENT' : 'INTERNAL');
}
