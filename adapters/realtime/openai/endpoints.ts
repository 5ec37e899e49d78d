// The WebSocket endpoints of OpenAI: what their handshakes ask for, and how each is dialled.

import type { Dialect, NamedId } from '../contract/dialect.ts';
import type { Handshake, Resource, ServedEndpoint } from '../contract.ts';
import { commonPlaces } from '../handshake/credential.ts';
import { namedFirst } from '../handshake/first-names.ts';
import type { CredentialPlaces, HeaderSwitch } from '../handshake/places.ts';
import { parametersOf, valuesIn } from '../handshake/query.ts';
import type { Refusal } from '../refusal.ts';
import { openaiLiveAttachDialect, openaiLiveDialect, openaiLiveForkDialect } from './dialects/live.ts';
import { openaiBetaDialect, openaiRealtimeDialect } from './dialects/realtime.ts';
import { openaiResponsesDialect } from './dialects/responses.ts';
import { translatedDialects } from './dialects/translated.ts';
import { openaiTranslationDialect } from './dialects/translation.ts';

/** Places of OpenAI's SDKs, of xAI's and of the AI SDK, which speak the same protocol. */
export const credentials: CredentialPlaces = {
  ...commonPlaces,
  subprotocolPrefixes: [
    'openai-insecure-api-key.',
    'xai-client-secret.',
    'ai-gateway-auth.',
    ...commonPlaces.subprotocolPrefixes,
  ],
};

/** Headers in which the client tells of itself and its end user, and that of its betas. */
export const forwardedHeaders: readonly string[] = [
  'user-agent',
  'openai-safety-identifier',
  'x-client-request-id',
  'openai-beta',
];

/** Betas of Responses: several agents, of the official SDKs (`client.beta.responses`), and the protocol's own version, of Codex. */
export const switches: readonly HeaderSwitch[] = [
  { header: 'OpenAI-Beta', values: ['responses_multi_agent=v1', 'responses_websockets=*'] },
];

/** The conversation that xAI is to resume. */
function idsIn(handshake: Handshake): readonly NamedId[] {
  const found = parametersOf(handshake).filter(([name, id]) => /^conversation[_-]id$/i.test(name) && id !== '');
  return found.map(([field, id]) => ({ field, id }));
}

/** `call_id` joins a call of WebRTC or SIP, on every path where a provider may take it; a path that ends so joins or copies the session that it names. */
function joinedIn(handshake: Handshake): readonly NamedId[] {
  const calls = parametersOf(handshake).filter(([name]) => name.toLowerCase() === 'call_id');
  const [, session] = /\/live\/sessions\/([^/]+)\/(?:attach|fork)$/.exec(handshake.path) ?? [];
  return [
    ...calls.map(([field, id]) => ({ field: field.toLowerCase(), id })),
    ...(session === undefined ? [] : [{ field: 'session_id', id: session }]),
  ];
}

const common = { joinedIn, idsIn, rejectContext };

/** An endpoint of one of these dialects, of whichever provider. */
export function servedBy(path: string, dialect: Dialect): ServedEndpoint {
  const models = modelsOf.get(dialect) ?? modelsInQuery;
  // The model of what runs already cannot be known, whatever else the query says.
  const resources = (asked: Handshake) => {
    if (joinedIn(asked).length > 0) return 'unknown';
    const named = models(asked);
    return named.length === 0 ? namedFirst(asked) : named;
  };
  const named = models === modelsInQuery ? {} : { namedIn: 'model' };
  const reads = {
    path,
    dialect,
    resources,
    ...common,
    ...named,
    once: ['model', 'deployment', 'intent', 'call_id'],
    ...(dialect !== openaiBetaDialect && { reject }),
    ...(models === realtimeModels && { namesInQuery: (asked: Handshake) => !isTranscription(asked) }),
  };
  return dialect === openaiTranslationDialect ? { ...reads, billedBy: 'connected-time' } : reads;
}

/** The endpoints where clients speak this vocabulary; those that speak no other, or it already, are as they are. */
export function endpointsFor(
  vocabulary: keyof typeof translatedDialects,
  endpoints: readonly ServedEndpoint[],
): readonly ServedEndpoint[] {
  const translated = translatedDialects[vocabulary];
  return endpoints.map((endpoint) => {
    const dialect = translated.get(endpoint.dialect);
    if (dialect === undefined) return endpoint;
    const isBetaSpoken = vocabulary === 'beta';
    return { ...endpoint, dialect, ...(isBetaSpoken ? betaClients : { reject: withoutBeta(endpoint) }) };
  });
}

const modelsOf: ReadonlyMap<Dialect, ServedEndpoint['resources']> = new Map([
  [openaiRealtimeDialect, realtimeModels],
  [openaiBetaDialect, realtimeModels],
  [openaiTranslationDialect, modelsOrUnknown],
]);

/** Live below a path: sessions, the sockets beside them, and copies of those that are stored. All three are in OpenAI's SDK. */
export const livePaths = (path: string): Readonly<Record<string, Dialect>> => ({
  [path]: openaiLiveDialect,
  [`${path}/{session_id}/attach`]: openaiLiveAttachDialect,
  [`${path}/{session_id}/fork`]: openaiLiveForkDialect,
});

const HOUR_S = 60 * 60;

/** The longest sessions: an hour of Realtime and of Responses (documents), two of Live (document, and one measurement of a third party). */
const maxSeconds: ReadonlyMap<Dialect, number> = new Map([
  [openaiRealtimeDialect, HOUR_S],
  [openaiLiveDialect, 2 * HOUR_S],
  [openaiResponsesDialect, HOUR_S],
]);

/** Every WebSocket endpoint of OpenAI. */
export const openaiEndpoints: readonly ServedEndpoint[] = [
  servedBy('/v1/realtime', openaiRealtimeDialect),
  servedBy('/v1/realtime/translations', openaiTranslationDialect),
  ...Object.entries(livePaths('/v1/live/sessions')).map(([path, dialect]) => servedBy(path, dialect)),
  servedBy('/v1/responses', openaiResponsesDialect),
].map((endpoint) => ({ ...endpoint, maxSeconds: maxSeconds.get(endpoint.dialect) }));

function realtimeModels(handshake: Handshake): readonly Resource[] | 'unknown' {
  return isTranscription(handshake) ? modelsInQuery(handshake) : modelsOrUnknown(handshake);
}

/** The context must come before everything else that is said in a session, and somebody must answer by it. */
function rejectContext(handshake: Handshake): string | undefined {
  if (valuesIn(handshake, 'call_id').length > 0) return 'a call that runs already cannot be told of it';
  return isTranscription(handshake) ? 'a transcription session has no use for it' : undefined;
}

const isTranscription = (handshake: Handshake): boolean => valuesIn(handshake, 'intent')[0] === 'transcription';

function modelsOrUnknown(handshake: Handshake): readonly Resource[] | 'unknown' {
  const resources = modelsInQuery(handshake);
  return resources.length === 0 ? 'unknown' : resources;
}

/** A deployment is Azure's name of a model, where the base URL leads there. Both count on every path. */
function modelsInQuery(handshake: Handshake): readonly Resource[] {
  const readings = parametersOf(handshake);
  const named = kinds.flatMap((kind) =>
    readings.flatMap(([key, name]) => (key.toLowerCase() === kind && name !== '' ? [{ kind, name }] : [])),
  );
  return named.filter(({ name }, at) => named.findIndex((other) => other.name === name) === at);
}

const kinds = ['model', 'deployment'] as const;

/** Clients of the beta say so in the handshake, which is no news to a gateway that translates for them. */
const betaClients = {
  reject: undefined,
  ownSwitches: [{ header: 'OpenAI-Beta', values: ['realtime=v1'] }],
};

const withoutBeta =
  ({ reject: own }: ServedEndpoint): ServedEndpoint['reject'] =>
  (handshake) =>
    reject(handshake) ?? own?.(handshake);

/** The beta dialect is dead. */
function reject(handshake: Handshake): Refusal | undefined {
  if (isBeta(handshake)) {
    return {
      status: 400,
      code: 'beta_api_shape_disabled',
      message:
        'The Realtime beta API is no longer served: remove the OpenAI-Beta header (or the subprotocol ' +
        'openai-beta.realtime-v1) and use the GA events, for example response.output_audio.delta.',
    };
  }
  return rejectBetaProtocol(handshake);
}

function rejectBetaProtocol({ protocols }: Handshake): Refusal | undefined {
  const beta = protocols.find((protocol) => protocol.toLowerCase().startsWith(BETA_PROTOCOL));
  return beta === undefined
    ? undefined
    : badRequest(`The subprotocol ${beta} is not passed on: send the header OpenAI-Beta.`);
}

export const badRequest = (message: string): Refusal => ({ status: 400, code: 'invalid_request', message });

/** The form of a beta in browsers, which send no headers. */
const BETA_PROTOCOL = 'openai-beta.';

function isBeta({ headers, protocols }: Handshake): boolean {
  return /\brealtime=/i.test(String(headers['openai-beta'] ?? '')) || protocols.includes('openai-beta.realtime-v1');
}
