// AssemblyAI in the conformance suite, how it is dialled, what its handshakes ask for, and the tokens that its SDKs ask for.

import { describe, expect, test } from 'vitest';
import { assemblyai } from '../../../../adapters/realtime/assemblyai/adapter.ts';
import { endpointsAt, upstreamOf } from '../../../../adapters/realtime/index.ts';
import { handshakeOf } from '../../../support/handshakes.ts';
import { answerOf, barePlace } from '../../../support/minted.ts';
import { conformance } from '../conformance.ts';
import { assemblyaiAgent, assemblyaiSpeech, assemblyaiStreaming } from './conversations.ts';

conformance(assemblyai, {
  dialects: {
    'assemblyai-streaming': assemblyaiStreaming,
    'assemblyai-agent': assemblyaiAgent,
    'assemblyai-speech': assemblyaiSpeech,
  },
  httpError: ({ code, message, help }) => ({ error: message, code, help }),
});

const endpointOf = (target: string) => {
  const endpoint = endpointsAt(assemblyai, target.split('?')[0] ?? '')[0];
  if (endpoint === undefined) throw new Error(`no endpoint ${target}`);
  return endpoint;
};

describe('the upstream handshake', () => {
  function dial(target: string, { credential = 'ours', headers = {} } = {}) {
    const account = { credential, settings: {} };
    const { url, headers: sent } = upstreamOf(assemblyai, endpointOf(target), handshakeOf(target, headers), account);
    return { url, headers: sent };
  }

  test('has a key without a scheme for transcription, with the headers of the SDK', () => {
    const own = { 'user-agent': 'sdk/1', 'assemblyai-version': '2025-05-12' };
    expect(dial('/v3/ws?sample_rate=16000', { headers: own })).toEqual({
      url: 'wss://streaming.assemblyai.com/v3/ws?sample_rate=16000',
      headers: { authorization: 'ours', ...own },
    });
  });

  test('has a key as a bearer for the agent, and a temporary token in the query', () => {
    expect(dial('/v1/ws')).toEqual({
      url: 'wss://agents.assemblyai.com/v1/ws',
      headers: { authorization: 'Bearer ours' },
    });
    const token = 'x'.repeat(64);
    expect(dial('/v1/ws', { credential: token })).toEqual({
      url: `wss://agents.assemblyai.com/v1/ws?token=${token}`,
      headers: {},
    });
  });

  test('of speech has the path that its host knows', () => {
    expect(dial('/tts/v1/ws?voice_id=aai-jane').url).toBe('wss://tts.us.assemblyai.com/v1/ws?voice_id=aai-jane');
  });
});

const model = (name: string) => ({ kind: 'model', name });
const asking = (value: string) => `/v3/ws?speech_model=a&llm_gateway=${encodeURIComponent(value)}`;

test.each([
  ['/v3/ws?speech_model=u3-rt-pro', [model('u3-rt-pro')]],
  ['/v3/ws?Speech_Model=u3-rt-pro', [model('u3-rt-pro')]],
  ['/v3/ws?sample_rate=16000', 'unknown'],
  ['/v3/ws?x=1;speech_model=u3-rt-pro', [model('u3-rt-pro')]],
  [asking('{"model":"gpt-5","messages":[]}'), [model('a'), model('gpt-5')]],
  [asking('{"messages":[]}'), 'unknown'],
  [asking('no JSON'), 'unknown'],
  ['/v1/ws', []],
  ['/tts/v1/ws?model_id=assemblyai-tts-1', [model('assemblyai-tts-1')]],
  ['/tts/v1/ws?voice_id=aai-jane', 'unknown'],
])('the resources of %s are %j', (target, resources) => {
  expect(endpointOf(target).resources(handshakeOf(target))).toEqual(resources);
});

describe.each(assemblyai.mints?.map((mint) => [mint.path, mint] as const) ?? [])('%s', (_path, mint) => {
  const bounds = { now: 1_000_000, openSeconds: 60, maxOpenSeconds: 3600, maxUses: 1000 };

  test('reads how long a token opens a session, and how long that may last', () => {
    expect(mint.method).toBe('GET');
    expect(mint.read({}, bounds, barePlace)).toEqual({ expiresAt: 1_060_000, uses: 1, own: undefined });
    const asked = { expires_in_seconds: '300', max_session_duration_seconds: '600', token: 'a key' };
    expect(mint.read(asked, bounds, barePlace)).toEqual({
      expiresAt: 1_300_000,
      uses: 1,
      own: { maxSessionSeconds: 600 },
    });
  });

  test.each([
    ['expires_in_seconds', '0'],
    ['expires_in_seconds', '601'],
    ['expires_in_seconds', 'soon'],
    ['max_session_duration_seconds', '59'],
    ['max_session_duration_seconds', '10801'],
    ['max_session_duration_seconds', '-60'],
  ])('refuses %s=%s', (field, value) => {
    expect(mint.read({ [field]: value }, bounds, barePlace)).toMatchObject({
      field,
      expected: expect.stringContaining('from'),
    });
  });

  test('answers as AssemblyAI does', () => {
    expect(answerOf(mint)).toEqual({ token: 'ek_a', expires_in_seconds: 60 });
  });
});
