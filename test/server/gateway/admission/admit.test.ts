// Checks the list of phases: their order, the shape of their refusals, and plain requests.

import { describe, expect, test } from 'vitest';
import { admit } from '../../../../server/gateway/admission/admit.ts';
import { isRefusal, refuse } from '../../../../server/http/request/refusals.ts';
import { policyOf, requestOf } from '../../../support/admissions.ts';

const SECRET = 'secret-of-web';
const keys = [{ id: 'web', secret: SECRET, models: ['openai/allowed'] }];
const providers = { openai: { apiKey: 'sk-of-the-gateway' } };
const upgrade = {
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
};
const ID = '0190a1b2-0000-4000-8000-00000000000a';

interface Attempt {
  readonly path: string;
  readonly query: Record<string, string>;
  readonly headers: Record<string, string>;
  readonly isConfigured: boolean;
}

/** A request with a fault for every phase. */
const faulty: Attempt = {
  path: '/v1/nowhere',
  query: { model: 'other', 'trunkline-session': 'x', 'trunkline-continue': 'y' },
  headers: {
    origin: 'https://elsewhere.example',
    'openai-beta': 'realtime=v1',
    'x-trunkline-class': 'unknown',
  },
  isConfigured: false,
};

const without = (attempt: Attempt, header: string): Attempt => {
  const { [header]: _, ...headers } = attempt.headers;
  return { ...attempt, headers };
};
const withQuery = (attempt: Attempt, name: string, value: string): Attempt => ({
  ...attempt,
  query: { ...attempt.query, [name]: value },
});
const withHeaders = (attempt: Attempt, more: Record<string, string>): Attempt => ({
  ...attempt,
  headers: { ...attempt.headers, ...more },
});

/** The first refusal, and how to mend its fault. */
const steps: readonly (readonly [string, RegExp, (attempt: Attempt) => Attempt])[] = [
  ['origin_not_allowed', /this origin/, (attempt) => without(attempt, 'origin')],
  ['unknown_path', /there is no path/, (attempt) => ({ ...attempt, path: '/v1/realtime' })],
  ['invalid_request', /Upgrade: websocket/, (attempt) => withHeaders(attempt, upgrade)],
  ['beta_api_shape_disabled', /beta/i, (attempt) => withHeaders(attempt, { 'openai-beta': 'other=v1' })],
  ['invalid_request', /OpenAI-Beta has/, (attempt) => without(attempt, 'openai-beta')],
  ['invalid_key', /no key/, (attempt) => withHeaders(attempt, { authorization: `Bearer ${SECRET}` })],
  ['unknown_class', /x-trunkline-class/, (attempt) => without(attempt, 'x-trunkline-class')],
  ['invalid_request', /one UUID as the trunkline-session/, (attempt) => withQuery(attempt, 'trunkline-session', ID)],
  ['model_not_allowed', /the model other/, (attempt) => withQuery(attempt, 'model', 'allowed')],
  ['provider_not_configured', /OPENAI_API_KEY/, (attempt) => ({ ...attempt, isConfigured: true })],
  ['invalid_request', /trunkline-continue/, (attempt) => withQuery(attempt, 'trunkline-continue', ID)],
];

const asUpgrade = { address: '', isUpgrade: true };

function decide({ path, query, headers, isConfigured }: Attempt) {
  const file = { keys, ...(isConfigured ? { providers } : {}) };
  return admit(requestOf(`${path}?${new URLSearchParams(query)}`, headers), policyOf(file), asUpgrade);
}

test('runs the phases in their order, and the first refusal counts', () => {
  let attempt = faulty;
  for (const [code, message, mend] of steps) {
    const decision = decide(attempt);
    expect(decision).toMatchObject({ code, message: expect.stringMatching(message) });
    attempt = mend(attempt);
  }
  expect(decide(attempt)).toMatchObject({
    provider: { name: 'openai' },
    endpoint: { path: '/v1/realtime' },
    key: { id: 'web' },
    model: 'allowed',
    promptClass: 'realtime',
    dataClass: 'open',
    upstream: { url: 'wss://api.openai.com/v1/realtime?model=allowed' },
    isRehearsal: false,
    sessionId: ID,
    isOffered: true,
    continues: ID,
  });
});

describe('a refusal', () => {
  const policy = policyOf({ keys, providers });
  const bodyOf = (url: string, headers: Record<string, string> = upgrade) => {
    const request = requestOf(url, headers);
    const decision = admit(request, policy, asUpgrade);
    if (!isRefusal(decision)) throw new Error('was admitted');
    return JSON.parse(String(refuse(request, decision).body)).error;
  };
  const GEMINI = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent';
  const foreign = { ...upgrade, origin: 'https://elsewhere.example' };

  test('a refusal has the shape of the provider whose path it is, from the first phase on', () => {
    expect(bodyOf('/v1/realtime?model=m')).toMatchObject({ type: 'authentication_error', code: 'invalid_key' });
    expect(bodyOf('/v1/realtime?model=m', foreign)).toMatchObject({ type: 'permission_error' });
    expect(bodyOf(GEMINI)).toMatchObject({ code: 401, status: 'UNAUTHENTICATED' });
    expect(bodyOf('/v1/files/abc/content')).toMatchObject({ type: 'server_error', code: 'not_implemented' });
    expect(bodyOf('/v1/files/abc/content', foreign)).toMatchObject({ type: 'permission_error' });
  });

  test('a refusal is plain on a path of no provider, and for a target that is no path', () => {
    expect(bodyOf('/v1/nowhere')).toEqual({
      code: 'unknown_path',
      type: 'invalid_request_error',
      message: expect.any(String),
      help: 'docs/errors.md#unknown_path',
    });
    expect(bodyOf('*')).toMatchObject({
      code: 'invalid_request',
      message: 'expected a path as the request target, without a fragment',
    });
  });
});

test('a plain request goes through the same phases, and needs no headers of an upgrade', () => {
  const policy = policyOf({ keys, providers });
  const plain = (headers: Record<string, string>) =>
    admit(requestOf('/v1/realtime?model=allowed', headers), policy, { address: '', isUpgrade: false });
  expect(plain({ authorization: `Bearer ${SECRET}` })).toMatchObject({ model: 'allowed', isUpgrade: false });
  expect(plain({})).toMatchObject({ code: 'invalid_key' });
});
