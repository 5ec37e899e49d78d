// OpenAI: Realtime, Translation, Live and Responses over WebSocket, with the account of the configuration.

import type { NotServed, Provider } from '../contract.ts';
import { type HttpReply, type Refusal, refusalReply, untilOf } from '../refusal.ts';
import { betaMints } from './beta-mints.ts';
import { liveCalls, realtimeCalls } from './calls.ts';
import { credentials, endpointsFor, forwardedHeaders, openaiEndpoints, switches } from './endpoints.ts';
import { openaiMints } from './mints.ts';

const onlyText =
  'of the HTTP API of OpenAI there are /v1/responses, /v1/chat/completions, /v1/embeddings, /v1/moderations and /v1/models';

const notServed: readonly NotServed[] = [
  { method: 'POST', path: '/v1/realtime/sessions' },
  { method: 'POST', path: '/v1/realtime/transcription_sessions' },
  { method: 'POST', path: '/v1/realtime/translations/calls', takesAnyBody: true },
  { path: '/v1/completions', instead: 'expected POST /v1/chat/completions' },
  // SDKs ask for these beside text: the side path has none of them.
  ...['images', 'audio', 'videos', 'files', 'uploads', 'batches', 'vector_stores'].flatMap((name) =>
    [`/v1/${name}`, `/v1/${name}/{rest...}`].map((path) => ({ path, takesAnyBody: true, instead: onlyText })),
  ),
];

/** OpenAI, dialled with an API key as a bearer token. */
export const openai: Provider = {
  name: 'openai',
  environment: ['OPENAI_API_KEY'],
  baseUrl: 'wss://api.openai.com',
  auth: 'bearer',
  endpoints: openaiEndpoints,
  notServed,
  mints: openaiMints,
  clients: {
    beta: { endpoints: endpointsFor('beta', openaiEndpoints), mints: [...openaiMints, ...betaMints] },
    ga: {},
  },
  calls: [...realtimeCalls('/v1/realtime'), ...liveCalls('/v1/live/sessions')],
  free: { path: '/v1/models', refusals: [401, 403] },
  settings: { organization: 'Organization to bill.', project: 'Project to bill.' },
  settingHeaders: { organization: 'openai-organization', project: 'openai-project' },
  // Prices of models that are billed by time: third party, LiteLLM's table.
  billing: {
    by: 'reported-usage',
    priceListName: 'openai',
    prices: {
      'gpt-live-1': { minute: 0.05 },
      'gpt-realtime-translate': { minute: 0.034 },
      'gpt-realtime-whisper': { minute: 0.017 },
      'gpt-live-transcribe': { minute: 0.017 },
    },
  },
  preconnect: true,
  credentials,
  subprotocol: 'realtime',
  forwardedHeaders,
  switches,
  httpError,
};

function httpError(refusal: Refusal): HttpReply {
  const { status, code, message, param: field, help } = refusal;
  const error = { message, type: errorTypeByStatus(status), param: field ?? null, code, ...untilOf(refusal), help };
  return refusalReply(refusal, { error });
}

/** Returns the `type` that goes with an HTTP status of 400 or more: by it OpenAI's SDKs choose their error classes. */
export function errorTypeByStatus(status: number): string {
  switch (status) {
    case 401:
      return 'authentication_error';
    case 402:
      return 'insufficient_quota';
    case 403:
      return 'permission_error';
    case 429:
      return 'rate_limit_error';
    default:
      return status < 500 ? 'invalid_request_error' : 'server_error';
  }
}
