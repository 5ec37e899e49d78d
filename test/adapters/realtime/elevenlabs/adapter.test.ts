// ElevenLabs in the conformance suite, what its handshakes ask for, and the credentials that its SDKs ask for.

import { describe, expect, test } from 'vitest';
import { elevenlabs } from '../../../../adapters/realtime/elevenlabs/adapter.ts';
import { elevenlabsAgentDialect } from '../../../../adapters/realtime/elevenlabs/dialects/agent.ts';
import { elevenlabsTranscriptionDialect } from '../../../../adapters/realtime/elevenlabs/dialects/transcription.ts';
import { endpointsAt, upstreamOf } from '../../../../adapters/realtime/index.ts';
import { frameOf } from '../../../support/frames.ts';
import { handshakeOf } from '../../../support/handshakes.ts';
import { answerOf, barePlace } from '../../../support/minted.ts';
import { conformance } from '../conformance.ts';
import { elevenlabsAgent, elevenlabsSpeech, elevenlabsTranscription } from './conversations.ts';

conformance(elevenlabs, {
  dialects: {
    'elevenlabs-agent': elevenlabsAgent,
    'elevenlabs-transcription': elevenlabsTranscription,
    'elevenlabs-speech': elevenlabsSpeech,
  },
  httpError: ({ code, message, help }) => ({ detail: { status: code, message, help } }),
  refusalEvent: ({ code, message }) => ({ error: code, message, code: 1008 }),
});

const endpointOf = (target: string) => {
  const [endpoint] = endpointsAt(elevenlabs, target.split('?')[0] ?? '');
  if (endpoint === undefined) throw new Error(`no endpoint ${target}`);
  return endpoint;
};

test('a signed URL is dialled with the key, and without what signed it', () => {
  const target = '/v1/convai/conversation?agent_id=a&conversation_signature=ek_x&source=js_sdk';
  const account = { credential: 'ours', settings: {} };
  expect(upstreamOf(elevenlabs, endpointOf(target), handshakeOf(target), account)).toMatchObject({
    url: 'wss://api.elevenlabs.io/v1/convai/conversation?agent_id=a&source=js_sdk',
    headers: { 'xi-api-key': 'ours' },
  });
});

test.each([
  ['/v1/convai/conversation?agent_id=a', [{ kind: 'agent', name: 'a' }]],
  ['/v1/convai/conversation', 'unknown'],
  ['/v1/speech-to-text/realtime?model_id=scribe_v2_realtime', [{ kind: 'model', name: 'scribe_v2_realtime' }]],
  ['/v1/text-to-speech/voice/stream-input?model_id=m', [{ kind: 'model', name: 'm' }]],
  ['/v1/text-to-speech/voice/multi-stream-input', 'unknown'],
])('%s asks for %j', (target, resources) => {
  expect(endpointOf(target).resources(handshakeOf(target))).toEqual(resources);
});

test.each([
  [{ 'xi-api-key': 'k' }],
  [{ xi_api_key: 'k' }],
  [{ authorization: 'Bearer k' }],
  [{ xi_api_key: null, 'xi-api-key': '', authorization: 'k' }],
  [{ xi_api_key: 'k', authorization: 'other' }],
])('a key in a message of speech is found, and goes no further: %j', (members) => {
  const { firstFrame } = endpointOf('/v1/text-to-speech/voice/multi-stream-input');
  const message = frameOf({ ...members, text: ' ', context_id: 'c' });
  for (const isFirst of [true, false])
    expect(firstFrame?.read(message, isFirst)).toEqual({ credential: 'k', resources: [] });
  const written = (credential?: string) => String(firstFrame?.write(message, credential).data);
  expect(written()).toBe('{"text":" ","context_id":"c"}');
  expect(JSON.parse(written('ours'))).toEqual({ xi_api_key: 'ours', text: ' ', context_id: 'c' });
});

test('words of a text are no key', () => {
  const { firstFrame } = endpointOf('/v1/text-to-speech/voice/stream-input');
  const message = frameOf({ text: 'your authorization' });
  expect(firstFrame?.read(message, false)).toEqual({ credential: undefined, resources: [] });
});

test.each([
  ['pcm_16000', 32_000],
  ['pcm_48000', 96_000],
  ['ulaw_8000', 8000],
  ['mp3_44100', 0],
])('sound in %s has %i bytes a second', (format, upstream) => {
  const target = `/v1/speech-to-text/realtime?model_id=m&audio_format=${format}`;
  expect(endpointOf(target).soundIn?.(handshakeOf(target))).toEqual({ upstream });
});

test('sound without a format is that of the default', () => {
  const target = '/v1/speech-to-text/realtime?model_id=m';
  expect(endpointOf(target).soundIn?.(handshakeOf(target))).toEqual({ upstream: 32_000 });
});

test('models that a client puts into the settings of an agent count', () => {
  const overriding = (override: object, extra = {}) =>
    elevenlabsAgentDialect.modelsIn(
      frameOf({
        type: 'conversation_initiation_client_data',
        conversation_config_override: override,
        custom_llm_extra_body: extra,
      }),
    );
  expect(overriding({ tts: { model_id: 'voice' } })).toEqual(['voice']);
  expect(overriding({}, { model: 'other' })).toEqual(['other']);
  expect(overriding({})).toBeUndefined();
  expect(elevenlabsAgentDialect.modelsIn(frameOf({ user_audio_chunk: 'AAAA' }))).toBeUndefined();
});

test('errors of Scribe have the names by which its SDK knows them', () => {
  const named = (code: 'session_limit' | 'budget_reached' | 'pinned') =>
    JSON.parse(String(elevenlabsTranscriptionDialect.errorEvent({ code, message: 'why' })?.data)).message_type;
  expect(named('session_limit')).toBe('session_time_limit_exceeded');
  expect(named('budget_reached')).toBe('quota_exceeded');
  expect(named('pinned')).toBe('error');
});

describe('credentials of a browser', () => {
  const bounds = { now: 1000, openSeconds: 60, maxOpenSeconds: 3600, maxUses: 10 };
  const [signed, scribe] = elevenlabs.mints ?? [];

  test('a signed URL needs an agent, and takes nothing that it does not know', () => {
    expect(signed?.read({ agent_id: 'a' }, bounds, barePlace)).toMatchObject({
      model: 'a',
      uses: 1,
      expiresAt: 901_000,
    });
    expect(signed?.read({}, bounds, barePlace)).toMatchObject({ field: 'agent_id' });
    expect(signed?.read({ agent_id: 'a', agent: 'b' }, bounds, barePlace)).toMatchObject({ field: 'agent' });
  });

  test('are answered as ElevenLabs does', () => {
    expect(answerOf(signed, { body: { agent_id: 'a&b' }, baseUrl: 'wss://g.example/el' })).toEqual({
      signed_url: 'wss://g.example/el/v1/convai/conversation?agent_id=a%26b&conversation_signature=ek_a',
    });
    expect(answerOf(scribe)).toEqual({ token: 'ek_a' });
  });
});
