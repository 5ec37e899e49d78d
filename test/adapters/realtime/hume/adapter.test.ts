// Hume in the conformance suite, how it is dialled, what its handshakes ask for, and what a client secret holds.

import { describe, expect, test } from 'vitest';
import { hume } from '../../../../adapters/realtime/hume/adapter.ts';
import { humeChatDialect } from '../../../../adapters/realtime/hume/dialects/chat.ts';
import { humeSpeechDialect } from '../../../../adapters/realtime/hume/dialects/speech.ts';
import { endpointsAt, upstreamOf } from '../../../../adapters/realtime/index.ts';
import { eventOf, frameOf } from '../../../support/frames.ts';
import { handshakeOf } from '../../../support/handshakes.ts';
import { answerOf, barePlace } from '../../../support/minted.ts';
import { conformance } from '../conformance.ts';
import { humeChat, humeSpeech } from './conversations.ts';

conformance(hume, {
  dialects: { 'hume-chat': humeChat, 'hume-speech': humeSpeech },
  httpError: ({ code, message, help }) => ({ code, message, help }),
});

const endpointOf = (target: string) => {
  const endpoint = endpointsAt(hume, target.split('?')[0] ?? '')[0];
  if (endpoint === undefined) throw new Error(`no endpoint ${target}`);
  return endpoint;
};

test('the upstream handshake has the key in a header, and the query as the SDK wrote it, without its key', () => {
  const target = '/v0/evi/chat?config_id=cfg1&api_key=theirs&session_settings%5Bsystem_prompt%5D=Be%20brief';
  const account = { credential: 'ours', settings: {} };
  expect(upstreamOf(hume, endpointOf(target), handshakeOf(target, { 'user-agent': 'sdk/1' }), account)).toEqual({
    kind: 'websocket',
    url: 'wss://api.hume.ai/v0/evi/chat?config_id=cfg1&session_settings%5Bsystem_prompt%5D=Be%20brief',
    headers: { 'user-agent': 'sdk/1', 'x-hume-api-key': 'ours' },
    subprotocols: [],
  });
});

test.each([
  ['/v0/evi/chat?config_id=cfg1', { kind: 'agent', name: 'cfg1' }],
  ['/v0/evi/chat', { kind: 'agent', name: 'evi' }],
  ['/v0/tts/stream/input?version=2', { kind: 'model', name: 'octave-2' }],
  ['/v0/tts/stream/input', { kind: 'model', name: 'octave' }],
])('%s asks for %j', (target, resource) => {
  expect(endpointOf(target).resources(handshakeOf(target))).toEqual([resource]);
});

test('a chat that is to go on is an id', () => {
  const resumed = '/v0/evi/chat?Resumed_Chat_Group_Id=g1&resumed_chat_group_id=';
  expect(endpointOf(resumed).idsIn?.(handshakeOf(resumed))).toEqual([{ field: 'resumed_chat_group_id', id: 'g1' }]);
  const hidden = '/v0/evi/chat?x=1;resumed_chat_group_id=g1';
  expect(endpointOf(hidden).idsIn?.(handshakeOf(hidden))).toEqual([{ field: 'resumed_chat_group_id', id: 'g1' }]);
});

test('sound in binary messages is sound, both ways', () => {
  const sound = frameOf(Buffer.from([1, 2]), true);
  expect(humeSpeechDialect.observe(sound, 'downstream')).toMatchObject({ mark: 'audio' });
  expect(humeChatDialect.observe(sound, 'upstream')).toMatchObject({ type: 'audio' });
});

describe('pinned settings', () => {
  const prompt = { system_prompt: 'Be kind.' };
  const pins = humeChatDialect.pins?.hold(prompt);
  const pass = (event: object) => pins?.fromClient(frameOf(event));

  test('go into the first session_settings, before which nothing passes', () => {
    expect(pass({ type: 'user_input', text: 'Hi' })).toMatchObject({ code: 'pinned', field: 'type' });
    const audio = { encoding: 'linear16' };
    expect(eventOf(pass({ type: 'session_settings', audio }) as never)).toEqual({
      type: 'session_settings',
      audio,
      ...prompt,
    });
    for (const event of [
      { type: 'audio_input', data: 'AA' },
      { type: 'user_input', text: 'system_prompt' },
    ])
      expect(pass(event)).toBeUndefined();
    expect(pins?.fromClient(frameOf(Buffer.from([1, 2]), true))).toBeUndefined();
  });

  test.each([{ system_prompt: 'Be rude.' }, { System_Prompt: 'Be rude.' }])('are not changed by %j', (change) => {
    expect(pass({ type: 'session_settings', ...change })).toMatchObject({ code: 'pinned' });
  });

  test('are not told back', () => {
    const told = pins?.fromProvider?.(frameOf({ type: 'session_settings', ...prompt }));
    expect(eventOf(told as never)).toEqual({ type: 'session_settings' });
    expect(pins?.fromProvider?.(frameOf({ type: 'assistant_end' }))).toBeUndefined();
  });
});

test('the token of a page opens sessions of both sockets for half an hour, and the grant is the only field', () => {
  const [mint] = hume.mints ?? [];
  const bounds = { now: 1000, openSeconds: 60, maxOpenSeconds: 3600, maxUses: 1000 };
  const read = (body: object) => mint?.read({ ...body }, bounds, barePlace);
  expect(read({ grant_type: 'client_credentials' })).toEqual({ expiresAt: 1_801_000, uses: 1000, own: undefined });
  expect(read({})).toMatchObject({ field: 'grant_type', expected: 'client_credentials' });
  expect(read({ grant_type: 'client_credentials', scope: 'a' })).toMatchObject({ field: 'scope' });
  expect(answerOf(mint)).toEqual({ access_token: 'ek_a', token_type: 'Bearer', expires_in: 60 });
});
