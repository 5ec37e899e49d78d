// Rev.ai in the conformance suite, how it is dialled, and what its sound comes to.

import { describe, expect, test } from 'vitest';
import { upstreamOf } from '../../../../adapters/realtime/index.ts';
import { revai } from '../../../../adapters/realtime/revai/adapter.ts';
import { handshakeOf } from '../../../support/handshakes.ts';
import { conformance } from '../conformance.ts';
import { revaiStreaming } from './conversation.ts';

conformance(revai, {
  dialects: { 'revai-streaming': revaiStreaming },
  httpError: ({ status, code, message, help }) => ({ title: code, status, detail: message, help }),
});

const endpoint = revai.endpoints[0];
const PATH = '/speechtotext/v1/stream';

test('the upstream handshake has the token in the query, behind what the client asks for', () => {
  const handshake = handshakeOf(`${PATH}?access_token=of-client&content_type=audio/x-raw;rate=8000&user_agent=RevAi`);
  expect(upstreamOf(revai, endpoint ?? {}, handshake, { credential: 'k', settings: {} })).toEqual({
    kind: 'websocket',
    url: `wss://api.rev.ai${PATH}?content_type=audio/x-raw;rate=8000&user_agent=RevAi&access_token=k`,
    ...{ headers: {}, subprotocols: [] },
  });
});

test('a type that names its rate twice is refused', () => {
  const refusalOf = (type: string) => endpoint?.reject?.(handshakeOf(`${PATH}?content_type=${type}`));
  expect(refusalOf('audio/x-raw;rate=48000;format=S16LE; RATE=8000')?.message).toContain('rate more than once');
  expect(refusalOf('audio/x-raw;rate=48000;format=S16LE')).toBeUndefined();
});

describe('bytes of a second of sound', () => {
  test.each([
    ['audio/x-raw;layout=interleaved;rate=16000;format=S16LE;channels=1', 32_000],
    ['audio/x-raw;layout=interleaved; rate=8000; format=U8; channels=2', 16_000],
    ['audio/x-raw;rate=44100;format=F32LE', 176_400],
    ['audio/x-raw;rate=44100;format=ZZ', undefined],
    ['audio/x-raw', undefined],
    ['audio/x-flac', undefined],
    ['', undefined],
  ])('%s: %s', (type, bytes) => {
    const handshake = handshakeOf(`${PATH}?content_type=${type}`);
    expect(endpoint?.soundIn?.(handshake)?.upstream).toBe(bytes);
  });
});
