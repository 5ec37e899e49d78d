// The WebSocket paths of OpenAI, and what their handshakes say about the model.

import type { Handshake, Refusal, ServedEndpoint } from '../contract.ts';
import { liveDialect } from './live.ts';
import { realtimeDialect } from './realtime.ts';
import { responsesDialect } from './responses.ts';
import { translationDialect } from './translation.ts';

/** Every WebSocket path of OpenAI. */
export const openaiRoutes: readonly ServedEndpoint[] = [
  { path: '/v1/realtime', dialect: realtimeDialect, model: realtimeModel, reject, rejectContext },
  { path: '/v1/realtime/translations', dialect: translationDialect, model: namedInQuery, reject },
  { path: '/v1/live/sessions', dialect: liveDialect, model: () => 'in-frames', reject },
  { path: '/v1/responses', dialect: responsesDialect, model: () => 'in-frames', reject },
];

/** `call_id` joins a call that runs already, whatever else the query says: its model cannot be known. */
function realtimeModel(handshake: Handshake): { readonly name: string } | 'in-frames' | undefined {
  if (handshake.query.has('call_id')) return undefined;
  return namedInQuery(handshake) ?? (handshake.query.get('intent') === 'transcription' ? 'in-frames' : undefined);
}

/** What a session is seeded with must come before everything else that is said in it, and somebody must answer by it. */
function rejectContext({ query }: Handshake): string | undefined {
  if (query.has('call_id')) return 'a call that runs already cannot be seeded';
  return query.get('intent') === 'transcription' ? 'a transcription session has no use for a seed' : undefined;
}

function namedInQuery({ query }: Handshake): { readonly name: string } | undefined {
  const name = query.get('model');
  return name ? { name } : undefined;
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
