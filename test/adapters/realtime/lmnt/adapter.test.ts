// LMNT in the conformance suite, and how it is dialled.

import { expect, test } from 'vitest';
import { upstreamOf } from '../../../../adapters/realtime/index.ts';
import { lmnt } from '../../../../adapters/realtime/lmnt/adapter.ts';
import { lmntTypeOf } from '../../../../adapters/realtime/lmnt/error-event.ts';
import { handshakeOf } from '../../../support/handshakes.ts';
import { conformance } from '../conformance.ts';
import { lmntSpeech } from './conversation.ts';

conformance(lmnt, {
  dialects: { 'lmnt-speech': lmntSpeech },
  httpError: ({ status, code, message, help }) => ({
    type: 'error',
    error: { type: lmntTypeOf(status), message, code, help },
  }),
  refusalEvent: ({ status, message }) => ({ type: 'error', error: { type: lmntTypeOf(status), message } }),
});

test('the upstream handshake has no credential', () => {
  const handshake = handshakeOf('/v1/ai/speech/stream', { 'x-api-key': 'of-client' });
  expect(upstreamOf(lmnt, lmnt.endpoints[0] ?? {}, handshake, { credential: 'k', settings: {} })).toEqual({
    kind: 'websocket',
    url: 'wss://api.lmnt.com/v1/ai/speech/stream',
    ...{ headers: {}, subprotocols: [], inFirstFrame: 'k' },
  });
});

test.each([
  [400, 'invalid_request_error'],
  [401, 'authentication_error'],
  [402, 'payment_required_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [429, 'rate_limit_error'],
  [503, 'internal_server_error'],
])('the status %i is told as %s', (status, type) => {
  expect(lmntTypeOf(status)).toBe(type);
});
