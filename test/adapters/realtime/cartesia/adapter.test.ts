// Cartesia in the conformance suite, how it is dialled, and the access tokens that its SDKs ask for.

import { describe, expect, test } from 'vitest';
import { cartesia } from '../../../../adapters/realtime/cartesia/adapter.ts';
import { cartesiaSpeechDialect } from '../../../../adapters/realtime/cartesia/dialects/speech.ts';
import { cartesiaStreamDialect } from '../../../../adapters/realtime/cartesia/dialects/stream.ts';
import { endpointsAt, upstreamOf } from '../../../../adapters/realtime/index.ts';
import { frameOf } from '../../../support/frames.ts';
import { handshakeOf } from '../../../support/handshakes.ts';
import { answerOf, barePlace } from '../../../support/minted.ts';
import { conformance } from '../conformance.ts';
import {
  cartesiaAgent,
  cartesiaSpeech,
  cartesiaStream,
  cartesiaTranscription,
  cartesiaTurns,
} from './conversations.ts';

conformance(cartesia, {
  dialects: {
    'cartesia-transcription': cartesiaTranscription,
    'cartesia-turns': cartesiaTurns,
    'cartesia-speech': cartesiaSpeech,
    'cartesia-agent': cartesiaAgent,
    'cartesia-stream': cartesiaStream,
  },
  httpError: ({ status, code, message, help }) => ({
    type: 'error',
    status_code: status,
    title: code,
    message,
    error_code: code,
    help,
  }),
});

const endpointOf = (target: string) => {
  const endpoint = endpointsAt(cartesia, target.split('?')[0] ?? '')[0];
  if (endpoint === undefined) throw new Error(`no endpoint ${target}`);
  return endpoint;
};

describe('the upstream handshake', () => {
  function dial(target: string, credential = 'sk_car_ours', headers = {}) {
    const account = { credential, settings: {} };
    const { url, headers: sent } = upstreamOf(cartesia, endpointOf(target), handshakeOf(target, headers), account);
    return { url, headers: sent };
  }

  test('has the key as a bearer, and the version that the SDK speaks', () => {
    const own = { 'cartesia-version': '2026-08-14', 'x-cartesia-client': 'cartesia-js/4.2.0' };
    expect(dial('/stt/websocket?model=ink-2', 'sk_car_ours', own)).toEqual({
      url: 'wss://api.cartesia.ai/stt/websocket?model=ink-2',
      headers: { authorization: 'Bearer sk_car_ours', ...own },
    });
    expect(dial('/agents/stream/agent_1').headers).toEqual({ authorization: 'Bearer sk_car_ours' });
  });

  test('to a managed agent has a key in a header of its own, and an access token in the query', () => {
    const target = '/v1/agents/websocket/agent_1?cartesia_version=2026-08-14';
    expect(dial(target).headers).toEqual({ 'x-api-key': 'sk_car_ours' });
    const token = 'eyJhbGci.eyJzdWIi.c2ln-_';
    expect(dial(target, token)).toEqual({ url: `wss://api.cartesia.ai${target}&access_token=${token}`, headers: {} });
  });
});

test('sound that is heard is measured by the format in the query', () => {
  const rateOf = (query: string) => {
    const target = `/stt/websocket?model=m&${query}`;
    return endpointOf(target).soundIn?.(handshakeOf(target));
  };
  expect(rateOf('encoding=pcm_s16le&sample_rate=16000')).toEqual({ upstream: 32_000 });
  expect(rateOf('encoding=pcm_mulaw&sample_rate=8000')).toEqual({ upstream: 8000 });
  expect(rateOf('encoding=opus&sample_rate=48000')).toEqual({ upstream: 0 });
});

test.each([
  [{ model_id: 'sonic-3', transcript: 'a' }, ['sonic-3']],
  [{ transcript: 'a' }, ['']],
  [{ context_id: 'c1', cancel: true }, undefined],
])('the models of %j are %j', (request, names) => {
  expect(cartesiaSpeechDialect.modelsIn(frameOf(request))).toEqual(names);
});

test('an event of a stream is known wherever its name stands', () => {
  const sound = { stream_id: 's1', media: { payload: 'AA' }, event: 'media_output' };
  expect(cartesiaStreamDialect.observe(frameOf(sound), 'downstream')).toMatchObject({ mark: 'audio' });
  expect(cartesiaStreamDialect.observe(frameOf({ type: 'media_output' }), 'downstream')).toBeUndefined();
});

describe('access tokens', () => {
  const [mint] = cartesia.mints ?? [];
  const bounds = { now: 1_000_000, openSeconds: 60, maxOpenSeconds: 3600, maxUses: 1000 };

  test('are for the models of their grants', () => {
    const own = { models: ['sonic*'] };
    expect(mint?.read({ grants: { tts: true, stt: false } }, bounds, barePlace)).toEqual({
      expiresAt: 1_060_000,
      uses: 1000,
      own,
    });
    const asked = { grants: { stt: true, agent: true }, expires_in: 300, trunkline: { endUser: 'ann' } };
    expect(mint?.read(asked, bounds, barePlace)).toEqual({
      expiresAt: 1_300_000,
      uses: 1000,
      own: { models: ['ink*', 'agent_*'], endUser: 'ann' },
    });
  });

  test.each([
    [{}, 'grants'],
    [{ grants: {} }, 'grants'],
    [{ grants: { tts: null } }, 'grants'],
    [{ grants: { tts: true }, expires_in: 3601 }, 'expires_in'],
    [{ grants: { tts: true }, expires_in: 'soon' }, 'expires_in'],
    [{ grants: { tts: true }, voice: 'v' }, 'voice'],
  ])('%j is refused by its field', (body, field) => {
    expect(mint?.read(body, bounds, barePlace)).toMatchObject({ field });
  });

  test('are answered as Cartesia does', () => {
    expect(answerOf(mint)).toEqual({ token: 'ek_a' });
  });
});
