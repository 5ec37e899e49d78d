// Deepgram in the conformance suite, and how it is dialled.

import { describe, expect, test } from 'vitest';
import { deepgram } from '../../../../adapters/realtime/deepgram/adapter.ts';
import { upstreamOf } from '../../../../adapters/realtime/index.ts';
import { handshakeOf } from '../../../support/handshakes.ts';
import { conformance } from '../conformance.ts';
import { deepgramAgent } from './conversation.ts';
import { flux, fluxSpeak, listen, speak } from './streams.ts';

conformance(deepgram, {
  dialects: {
    'deepgram-agent': deepgramAgent,
    'deepgram-listen': listen,
    'deepgram-flux': flux,
    'deepgram-speak': speak,
    'deepgram-flux-speak': fluxSpeak,
  },
  httpError: ({ code, message, help }) => ({ err_code: code, err_msg: message, help }),
});

describe('the upstream handshake', () => {
  const dial = (credential: string, headers: Record<string, string> = {}) =>
    upstreamOf(deepgram, deepgram.endpoints[0] ?? {}, handshakeOf('/v1/agent/converse?tag=a', headers), {
      baseUrl: 'wss://agent.example',
      credential,
      settings: {},
    });

  test('has a key as a token', () => {
    expect(dial('0123456789abcdef0123456789abcdef01234567')).toEqual({
      kind: 'websocket',
      url: 'wss://agent.example/v1/agent/converse?tag=a',
      headers: { authorization: 'Token 0123456789abcdef0123456789abcdef01234567' },
      subprotocols: [],
    });
  });

  test('has a token that Deepgram granted to a client as a bearer', () => {
    expect(dial('eyJhbGci.eyJzdWIi.c2ln-_').headers.authorization).toBe('Bearer eyJhbGci.eyJzdWIi.c2ln-_');
  });

  test('says who the client is', () => {
    const own = { 'user-agent': 'sdk/1', 'x-deepgram-session-id': 's-1' };
    expect(dial('k', own).headers).toMatchObject(own);
  });
});
