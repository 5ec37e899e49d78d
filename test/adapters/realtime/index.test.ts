// The registry: which paths are served, and which are known and are not.

import { describe, expect, test } from 'vitest';
import { findEndpoint, findNotServed, knownPaths, providers } from '../../../adapters/realtime/index.ts';
import { frameOf } from '../../support/frames.ts';
import { seededRandom } from '../../support/random.ts';
import { randomText, randomValue } from '../../support/random-json.ts';

const service = '/ws/google.ai.generativelanguage';

describe('the registry', () => {
  test('serves these paths', () => {
    expect(knownPaths).toEqual([
      '/v1/realtime',
      '/v1/realtime/translations',
      '/v1/live/sessions',
      '/v1/responses',
      ...['v1', 'v1beta', 'v1alpha'].flatMap((version) => [
        `${service}.${version}.GenerativeService.BidiGenerateContent`,
        `${service}.${version}.GenerativeService.BidiGenerateContentConstrained`,
      ]),
    ]);
  });

  test('finds the adapter and the dialect of each', () => {
    const found = knownPaths.map((path) => [
      findEndpoint(path)?.provider.name,
      findEndpoint(path)?.endpoint.dialect.name,
    ]);
    expect(found).toEqual([
      ['openai', 'openai-realtime'],
      ['openai', 'openai-translation'],
      ['openai', 'openai-live'],
      ['openai', 'openai-responses'],
      ...Array.from({ length: 6 }, () => ['gemini', 'gemini-live']),
    ]);
  });

  test.each(['/', '', '/v1', '/v1/realtime/', '/V1/realtime', '/v1/realtime/x', '/v1/chat/completions', '/__proto__'])(
    'finds no route for %j',
    (path) => {
      expect(findEndpoint(path)).toBeUndefined();
    },
  );

  test('knows its adapters by name', () => {
    expect([...providers].map(([name, adapter]) => [name, adapter.name])).toEqual([
      ['openai', 'openai'],
      ['gemini', 'gemini'],
    ]);
  });
});

describe('endpoints that SDKs know and the gateway does not serve', () => {
  test.each([
    ['POST', '/v1/realtime/client_secrets', 'openai'],
    ['POST', '/v1/realtime/translations/client_secrets', 'openai'],
    ['POST', '/v1/realtime/sessions', 'openai'],
    ['POST', '/v1/realtime/transcription_sessions', 'openai'],
    ['POST', '/v1/realtime/calls', 'openai'],
    ['POST', '/v1/realtime/translations/calls', 'openai'],
    ['POST', '/v1/realtime/calls/rtc_1/accept', 'openai'],
    ['POST', '/v1/realtime/calls/rtc_1/hangup', 'openai'],
    ['POST', '/v1/live/sessions', 'openai'],
    ['POST', '/v1/live/sessions/s_1/hangup', 'openai'],
    ['GET', '/v1/live/sessions/s_1/attach', 'openai'],
    ['POST', '/v1/responses', 'openai'],
    ['POST', '/v1/auth_tokens', 'gemini'],
    ['POST', '/v1beta/auth_tokens', 'gemini'],
    ['POST', '/v1alpha/auth_tokens', 'gemini'],
  ])('%s %s', (method, path, provider) => {
    expect(findNotServed(method, path)?.provider.name).toBe(provider);
  });

  test.each([
    ['GET', '/v1/realtime/client_secrets'],
    ['POST', '/v1/realtime'],
    ['POST', '/v1/realtime/calls/'],
    ['POST', '/v1/realtime/calls//accept'],
    ['POST', '/v1/realtime/calls/rtc_1'],
    ['POST', '/v1/realtime/calls/rtc_1/accept/more'],
    ['POST', '/v2/auth_tokens'],
    ['GET', '/v1/responses'],
  ])('but not %s %s', (method, path) => {
    expect(findNotServed(method, path)).toBeUndefined();
  });

  test('calls may have a session description as their body', () => {
    expect(findNotServed('POST', '/v1/realtime/calls')?.endpoint.bodies).toEqual([
      'application/sdp',
      'multipart/form-data',
    ]);
    expect(findNotServed('POST', '/v1/realtime/client_secrets')?.endpoint.bodies).toBeUndefined();
  });
});

const words = [
  ...['response.done', 'response.create', 'response.completed', 'session.created', 'session.usage.updated'],
  ...['response.event', 'response.output_audio.delta', 'conversation.item.input_audio_transcription.completed'],
];
const keys = ['serverContent', 'usageMetadata', 'clientContent', 'realtimeInput', 'voiceActivity', 'setup', 'goAway'];

test('no dialect throws on 5,000 hostile frames, in either direction', () => {
  const random = seededRandom(9);
  const dialects = new Set([...providers.values()].flatMap(({ endpoints }) => endpoints.map(({ dialect }) => dialect)));
  for (let round = 0; round < 5000; round++) {
    const inside = ['response', 'session', 'usage', 'event'].map(
      (key) => `"${key}":${randomText(random, randomValue(random, 3))}`,
    );
    const type = `"type":"${random.pick(words)}"`;
    const text = random.pick([
      `{${[type, ...inside].join(',')}}`,
      `{"${random.pick(keys)}":${randomText(random, randomValue(random, 4))},${inside[0]}}`,
      `{"serverContent":{"modelTurn":{"parts":[{"inlineData":{"mimeType":"audio/pcm",${inside[1]},"data":${randomText(random, 'x')}}}]}}}`,
    ]);
    const data = Buffer.from(text);
    for (let flips = random.below(3); flips > 0; flips--) data[random.below(data.length)] = random.below(256);
    const frame = frameOf(data.subarray(0, random.below(4) === 0 ? random.below(data.length) : data.length));
    // One assertion for all: making a hundred thousand takes longer than what they assert.
    expect(() => {
      for (const dialect of dialects) {
        for (const direction of ['upstream', 'downstream'] as const) dialect.observe(frame, direction);
        dialect.errorEvent({ code: 'duplicate_key', message: 'm' }, frame);
      }
    }, text).not.toThrow();
  }
});
