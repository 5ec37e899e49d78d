// The rehearsed paths of OpenAI, and its answer to the others. Rule: a refusal names the paths that are served.

import type { HttpReply } from '../../realtime/refusal.ts';
import type { ProviderSimulators, SimulatorRoute } from '../contract.ts';
import { startScript } from '../script-runtime.ts';
import { OpenaiLiveScript } from './live/live.ts';
import { RealtimeScript } from './realtime/realtime.ts';
import { ResponsesScript } from './responses/responses.ts';
import { TranslationScript } from './translation/translation.ts';

const realtime: SimulatorRoute = {
  path: '/v1/realtime',
  refusal({ query }) {
    if (query.has('call_id')) return refuse(404, 'call_not_found', 'The rehearsal provider has no calls to attach to.');
    if (query.has('model') !== (query.get('intent') === 'transcription')) return undefined;
    return refuse(400, 'missing_model', 'Pass either model=NAME or intent=transcription.');
  },
  start: (connection) => startScript((runtime) => new RealtimeScript(runtime, connection)),
};

const responses: SimulatorRoute = {
  path: '/v1/responses',
  refusal: () => undefined,
  start: (connection) => startScript((runtime) => new ResponsesScript(runtime, connection)),
};

const translations: SimulatorRoute = {
  path: '/v1/realtime/translations',
  refusal: ({ query }) => (query.has('model') ? undefined : refuse(400, 'missing_model', 'Pass model=NAME.')),
  start: (connection) => startScript((runtime) => new TranslationScript(runtime, connection)),
};

const live: SimulatorRoute = {
  path: '/v1/live/sessions',
  refusal: () => undefined,
  start: (connection) => startScript((runtime) => new OpenaiLiveScript(runtime, connection)),
};

/** Paths of the provider that are not rehearsed: each connection is played alone. */
const UNREHEARSED = /^\/v1\/live\/sessions\/[^/]+\/(attach|fork)$/;

export const openaiSimulators: ProviderSimulators = {
  routes: [realtime, translations, live, responses],
  owns: (path) => /^\/v1\/(realtime|responses|live)(\/|$)/.test(path),
  notFound(path, served) {
    const names = served.join(', ');
    if (UNREHEARSED.test(path)) {
      return refuse(501, 'not_implemented', `The rehearsal provider does not speak ${path}. It speaks ${names}.`);
    }
    return refuse(404, 'unknown_url', `Unknown path ${path}. The rehearsal provider speaks ${names}.`);
  },
};

function refuse(status: number, code: string, message: string): HttpReply {
  const error = { message, type: 'invalid_request_error', param: null, code };
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ error }) };
}
