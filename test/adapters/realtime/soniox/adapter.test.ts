// Soniox in the conformance suite, and how it is dialled.

import { describe, expect, test } from 'vitest';
import { upstreamOf } from '../../../../adapters/realtime/index.ts';
import { soniox } from '../../../../adapters/realtime/soniox/adapter.ts';
import { handshakeOf } from '../../../support/handshakes.ts';
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
