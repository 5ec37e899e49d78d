// Soniox in the conformance suite, and how it is dialled.

import { describe, expect, test } from 'vitest';
import { upstreamOf } from '../../../../adapters/realtime/index.ts';
import { soniox } from '../../../../adapters/realtime/soniox/adapter.ts';
import { handshakeOf } from '../../../support/handshakes.ts';
import { answerOf, barePlace } from '../../../support/minted.ts';
import { conformance } from '../conformance.ts';
import { sonioxSpeech, sonioxTranscription } from './conversation.ts';

conformance(soniox, {
  dialects: { 'soniox-transcription': sonioxTranscription, 'soniox-speech': sonioxSpeech },
  httpError: ({ status, code, message, help }) => ({ status_code: status, error_type: code, message, help }),
  refusalEvent: ({ status, code, message }) => ({ error_code: status, error_type: code, error_message: message }),
});

describe('the upstream handshake', () => {
  test.each([
    ['/transcribe-websocket', 'wss://stt-rt.soniox.com/transcribe-websocket'],
    ['/tts-websocket', 'wss://tts-rt.soniox.com/tts-websocket'],
  ])('%s is dialled at its own host, without a credential', (path, url) => {
    const endpoint = soniox.endpoints.find((each) => each.path === path) ?? {};
    const handshake = handshakeOf(`${path}?token=of-client`, { authorization: 'Bearer of-client', cookie: 'a=b' });
    expect(upstreamOf(soniox, endpoint, handshake, { credential: 'k', settings: {} })).toEqual({
      kind: 'websocket',
      ...{ url, headers: {}, subprotocols: [], inFirstFrame: 'k' },
    });
  });
});

describe('a temporary key', () => {
  const [mint] = soniox.mints ?? [];
  const bounds = { now: 1000, openSeconds: 60, maxOpenSeconds: 3600, maxUses: 1000 };
  const asked = { usage_type: 'transcribe_websocket', expires_in_seconds: 300 };
  const read = (body: object) => mint?.read({ ...body }, bounds, barePlace);

  test('is for one of the sockets, for as long as is asked for', () => {
    expect(read(asked)).toEqual({ expiresAt: 301_000, uses: 1000, dialect: 'soniox-transcription', own: {} });
    const more = { single_use: true, max_session_duration_seconds: 90, client_reference_id: 'r1' };
    expect(read({ ...asked, usage_type: 'tts_rt', ...more, trunkline: { endUser: 'ann' } })).toEqual({
      ...{ expiresAt: 301_000, uses: 1, dialect: 'soniox-speech' },
      own: { maxSessionSeconds: 90, tags: { client_reference_id: 'r1' }, endUser: 'ann' },
    });
    expect(answerOf(mint)).toEqual({ api_key: 'ek_a', expires_at: '1970-01-01T00:17:40.000Z' });
  });

  test.each([
    ['usage_type', undefined],
    ['usage_type', 'batch'],
    ['expires_in_seconds', 0],
    ['expires_in_seconds', '60'],
    ['max_session_duration_seconds', 18_001],
    ['single_use', 'yes'],
    ['client_reference_id', 1],
    ['model', 'stt-rt-v5'],
  ])('with %s %j is refused', (field, value) => {
    expect(read({ ...asked, [field]: value })).toMatchObject({ field, expected: expect.any(String) });
  });
});
