// Speechmatics in the conformance suite, and how it is dialled.

import { describe, expect, test } from 'vitest';
import { upstreamOf } from '../../../../adapters/realtime/index.ts';
import { speechmatics } from '../../../../adapters/realtime/speechmatics/adapter.ts';
import { speechmaticsTypeOf } from '../../../../adapters/realtime/speechmatics/error-event.ts';
import { speechmaticsDialect } from '../../../../adapters/realtime/speechmatics/transcription.ts';
import { frameOf } from '../../../support/frames.ts';
import { handshakeOf } from '../../../support/handshakes.ts';
import { answerOf } from '../../../support/minted.ts';
import { conformance } from '../conformance.ts';
import { speechmaticsFlow, speechmaticsTranscription } from './conversation.ts';

conformance(speechmatics, {
  dialects: { 'speechmatics-transcription': speechmaticsTranscription, 'speechmatics-flow': speechmaticsFlow },
  httpError: ({ status, code, message, help }) => ({
    code: status,
    error: speechmaticsTypeOf(code),
    detail: message,
    help,
  }),
});

describe('the upstream handshake', () => {
  test.each([
    ['/v2', 'wss://eu2.rt.speechmatics.com/v2?sm-app=test'],
    ['/v1/flow', 'wss://flow.api.speechmatics.com/v1/flow?sm-app=test'],
  ])('%s is dialled at its own host, with the credential in a header', (path, url) => {
    const endpoint = speechmatics.endpoints.find((each) => each.path === path) ?? {};
    const handshake = handshakeOf(`${path}?jwt=of-client&sm-app=test`);
    expect(upstreamOf(speechmatics, endpoint, handshake, { credential: 'k', settings: {} })).toEqual({
      kind: 'websocket',
      ...{ url, headers: { authorization: 'Bearer k' }, subprotocols: [] },
    });
  });
});

test.each([
  [{ model: 'melia-1' }, ['melia-1']],
  [{ operating_point: 'enhanced' }, ['enhanced']],
  [{ model: 'melia-1', operating_point: 'enhanced' }, ['melia-1', 'enhanced']],
  [{}, ['']],
])('the models of a configuration are known: %j', (transcription_config, models) => {
  const frame = frameOf(Buffer.from(JSON.stringify({ message: 'StartRecognition', transcription_config })), false);
  expect(speechmaticsDialect.modelsIn(frame)).toEqual(models);
});

describe('a temporary key', () => {
  const [mint] = speechmatics.mints ?? [];
  const bounds = { now: 1000, openSeconds: 60, maxOpenSeconds: 3600, maxUses: 1000 };
  const read = (body: object, query: Record<string, string> = { type: 'rt' }) =>
    mint?.read({ ...body }, bounds, { query, parameters: {} });

  test('is for what the query says', () => {
    expect(read({})).toEqual({ expiresAt: 61_000, uses: 1000, dialect: 'speechmatics-transcription', own: undefined });
    expect(read({ ttl: 120, region: 'eu', client_ref: 'c' }, { type: 'flow' })).toMatchObject({
      ...{ expiresAt: 121_000, dialect: 'speechmatics-flow' },
    });
    expect(answerOf(mint)).toEqual({ apikey_id: 'i', key_value: 'ek_a' });
  });

  test.each([
    ['type', {}, {}],
    ['type', {}, { type: 'batch' }],
    ['ttl', { ttl: 0 }, undefined],
    ['ttl', { ttl: 86_400 }, undefined],
    ['model', { model: 'm' }, undefined],
  ])('with a fault in %s is refused: %j %j', (field, body, query) => {
    expect(read(body, query as Record<string, string> | undefined)).toMatchObject({ field });
  });
});
