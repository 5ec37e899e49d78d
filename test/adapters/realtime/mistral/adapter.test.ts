// Mistral in the conformance suite, how it is dialled, and the client sessions that its SDKs ask for.

import { describe, expect, test } from 'vitest';
import { upstreamOf } from '../../../../adapters/realtime/index.ts';
import { mistral } from '../../../../adapters/realtime/mistral/adapter.ts';
import { handshakeOf } from '../../../support/handshakes.ts';
import { answerOf, barePlace } from '../../../support/minted.ts';
import { conformance } from '../conformance.ts';
import { mistralSpeech, mistralTranscription } from './conversations.ts';

conformance(mistral, {
  dialects: { 'mistral-transcription': mistralTranscription, 'mistral-speech': mistralSpeech },
  httpError: ({ status, code, message, help }) => ({
    object: 'error',
    message,
    type: code,
    param: null,
    code: String(status),
    help,
  }),
});

test('the upstream handshake has the key as a bearer', () => {
  const target = '/v1/audio/speech/realtime?model=voxtral-mini-tts-3';
  const account = { credential: 'ours', settings: {} };
  const agent = { 'user-agent': 'speakeasy-sdk/python 3.7.0' };
  expect(upstreamOf(mistral, {}, handshakeOf(target, { ...agent, 'x-other': 'a' }), account)).toEqual({
    kind: 'websocket',
    url: `wss://api.mistral.ai${target}`,
    headers: { authorization: 'Bearer ours', ...agent },
    subprotocols: [],
  });
});

describe('client sessions', () => {
  const [mint] = mistral.mints ?? [];
  const bounds = { now: 1_000_000, openSeconds: 60, maxOpenSeconds: 3600, maxUses: 1000 };
  const asked = { purpose: 'realtime', model: 'voxtral' };

  test('are for one model, and for as long as is asked', () => {
    expect(mint?.read(asked, bounds, barePlace)).toEqual({
      expiresAt: 1_060_000,
      uses: 1,
      own: { models: ['voxtral'] },
    });
    const more = { ...asked, ttl_seconds: 300, trunkline: { endUser: 'ann' } };
    expect(mint?.read(more, bounds, barePlace)).toEqual({
      expiresAt: 1_300_000,
      uses: 1,
      own: { models: ['voxtral'], endUser: 'ann' },
    });
    expect(mint?.read({ ...asked, ttl_seconds: null }, bounds, barePlace)).toMatchObject({ expiresAt: 1_060_000 });
  });

  test.each([
    [{ model: 'voxtral' }, 'purpose'],
    [{ ...asked, purpose: 'batch' }, 'purpose'],
    [{ purpose: 'realtime' }, 'model'],
    [{ ...asked, ttl_seconds: 0 }, 'ttl_seconds'],
    [{ ...asked, ttl_seconds: 3601 }, 'ttl_seconds'],
    [{ ...asked, voice: 'v' }, 'voice'],
  ])('%j is refused by its field', (body, field) => {
    expect(mint?.read(body, bounds, barePlace)).toMatchObject({ field });
  });

  test('are answered as Mistral does', () => {
    const expires_at = '1970-01-01T00:17:40.000Z';
    expect(answerOf(mint)).toEqual({
      object: 'client.session',
      purpose: 'realtime',
      expires_at,
      client_secret: { value: 'ek_a', expires_at },
    });
  });
});
