// The WebSocket endpoints of OpenAI: what their handshakes ask for, and how each is dialled.

import type { Account, CredentialPlaces, Handshake, Resource, ServedEndpoint, Upstream } from '../contract.ts';
import { commonPlaces } from '../credential.ts';
import { pickHeaders, upstreamUrl } from '../forwarded.ts';
import type { Refusal } from '../refusal.ts';
import { openaiLiveDialect } from './live.ts';
import { openaiRealtimeDialect } from './realtime.ts';
import { openaiResponsesDialect } from './responses.ts';
import { openaiTranslationDialect } from './translation.ts';

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

/** Headers in which the client tells of itself and its end user. */
export const forwardedHeaders: readonly string[] = ['user-agent', 'openai-safety-identifier', 'x-client-request-id'];

/** Every WebSocket endpoint of OpenAI. */
export const openaiEndpoints: readonly ServedEndpoint[] = [
  { path: '/v1/realtime', dialect: openaiRealtimeDialect, resource: realtimeModel, reject, rejectContext, upstream },
  { path: '/v1/realtime/translations', dialect: openaiTranslationDialect, resource: modelInQuery, reject, upstream },
  { path: '/v1/live/sessions', dialect: openaiLiveDialect, resource: () => 'in-frames', reject, upstream },
  { path: '/v1/responses', dialect: openaiResponsesDialect, resource: () => 'in-frames', reject, upstream },
];

/** `call_id` joins a call that runs already, whatever else the query says: its model cannot be known. */
function realtimeModel(handshake: Handshake): Resource | 'in-frames' | 'unknown' {
  const { query } = handshake;
  if (query.has('call_id')) return 'unknown';
  const model = modelInQuery(handshake);
  return model === 'unknown' && query.get('intent') === 'transcription' ? 'in-frames' : model;
}

/** The context must come before everything else that is said in a session, and somebody must answer by it. */
function rejectContext({ query }: Handshake): string | undefined {
  if (query.has('call_id')) return 'a call that runs already cannot be told of it';
  return query.get('intent') === 'transcription' ? 'a transcription session has no use for it' : undefined;
}

function modelInQuery({ query }: Handshake): Resource | 'unknown' {
  const name = query.get('model');
  return name ? { kind: 'model', name } : 'unknown';
}

/** The beta dialect is dead, and a parameter that occurs twice may be read differently by the provider. */
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
  const twice = ['model', 'intent', 'call_id'].find((name) => handshake.query.getAll(name).length > 1);
  if (twice === undefined) return undefined;
  return { status: 400, code: 'invalid_request', message: `The query has ${twice} more than once: send it once.` };
}

function isBeta({ headers, protocols }: Handshake): boolean {
  return /\brealtime=/i.test(String(headers['openai-beta'] ?? '')) || protocols.includes('openai-beta.realtime-v1');
}

function upstream(handshake: Handshake, { baseUrl, credential, settings }: Account): Upstream {
  const headers: Record<string, string> = {
    ...pickHeaders(handshake, forwardedHeaders),
    authorization: `Bearer ${credential}`,
  };
  if (settings.organization !== undefined) headers['openai-organization'] = settings.organization;
  if (settings.project !== undefined) headers['openai-project'] = settings.project;
  const url = upstreamUrl(baseUrl, handshake, credentials);
  return { kind: 'websocket', url, headers, subprotocols: [] };
}
