// The client of Gemini Live: combined keys, ids made by the client, transcripts in any order.

import { expect, test } from 'vitest';
import {
  functionCaptionId,
  type SessionSettings,
  type ViewEvent,
} from '../../../../server/console/dialects/dialect.ts';
import { geminiLive } from '../../../../server/console/dialects/gemini-live.ts';

const settings: SessionSettings = {
  model: 'gemini-3.8-live',
  instructions: 'Be brief.',
  voice: 'Puck',
  modality: 'voice',
  turnTaking: 'detect',
  tools: true,
};
const audio = (data = 'AAAA', mimeType = 'audio/pcm;rate=24000') => ({
  serverContent: { modelTurn: { parts: [{ inlineData: { data, mimeType } }] } },
});
const heard = (text: string, finished?: boolean) => ({ serverContent: { inputTranscription: { text, finished } } });
const spoken = (text: string) => ({ serverContent: { outputTranscription: { text } } });
const kinds = (events: readonly ViewEvent[]) => events.map(({ kind }) => kind);
const captions = (events: readonly ViewEvent[]) => events.filter(({ kind }) => kind === 'caption');

test('the first message sets up model, voice, instructions, transcripts and the example function', () => {
  expect(geminiLive.createClient(settings).open()).toEqual([
    {
      setup: {
        model: 'models/gemini-3.8-live',
        generationConfig: {
          responseModalities: ['AUDIO'],
          speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: 'Puck' } } },
        },
        systemInstruction: { parts: [{ text: 'Be brief.' }] },
        tools: [{ functionDeclarations: [{ name: 'get_local_time', description: expect.any(String) }] }],
        realtimeInputConfig: { automaticActivityDetection: { disabled: false } },
        inputAudioTranscription: {},
        outputAudioTranscription: {},
      },
    },
  ]);
  expect(geminiLive.address(settings, 'k')).toEqual({ query: { key: 'k' }, protocols: [] });
  expect(geminiLive.address(settings, '').query).toEqual({});
});

test('manual turns send the start and the end of the activity', () => {
  const client = geminiLive.createClient({ ...settings, turnTaking: 'manual' });
  expect(client.open()[0]).toMatchObject({
    setup: { realtimeInputConfig: { automaticActivityDetection: { disabled: true } } },
  });
  expect(client.speechStart()).toEqual([{ realtimeInput: { activityStart: {} } }]);
  expect(client.audio('AAAA')).toEqual([
    { realtimeInput: { audio: { data: 'AAAA', mimeType: 'audio/pcm;rate=16000' } } },
  ]);
  expect(client.speechEnd()).toEqual([{ realtimeInput: { activityEnd: {} } }]);
});

test('the first piece of a reply starts it, later ones do not', () => {
  const client = geminiLive.createClient(settings);
  expect(kinds(client.read({ setupComplete: {} }).events)).toEqual(['ready']);
  const first = client.read(audio()).events;
  expect(first.filter(({ kind }) => kind !== 'caption')).toEqual([
    { kind: 'reply-started' },
    { kind: 'audio', itemId: 'reply-1', contentIndex: 0, base64: 'AAAA', rateHz: 24000 },
  ]);
  expect(kinds(client.read(audio()).events)).toEqual(['audio']);
});

test('one message may hold a piece of the reply and its end', () => {
  const client = geminiLive.createClient(settings);
  const { events } = client.read({
    serverContent: { ...audio().serverContent, turnComplete: true },
    usageMetadata: { totalTokenCount: 3 },
  });
  expect(kinds(events)).toEqual(['caption', 'reply-started', 'audio', 'audio-end', 'caption', 'reply-done']);
  expect(client.read(audio()).events.slice(-2)).toMatchObject([{ kind: 'reply-started' }, { itemId: 'reply-2' }]);
});

test('an interrupted turn ends as cancelled', () => {
  const client = geminiLive.createClient(settings);
  client.read(audio());
  expect(kinds(client.read({ serverContent: { interrupted: true } }).events)).toEqual(['interrupted']);
  const { events } = client.read({ serverContent: { turnComplete: true } });
  expect(events.at(-1)).toEqual({ kind: 'reply-done', status: 'cancelled', toolsPending: false });
});

test('words of the caller that come after the reply began stay with their turn, before the reply', () => {
  const client = geminiLive.createClient(settings);
  expect(captions(client.read(heard('he was')).events)).toMatchObject([{ itemId: 'you-1', delta: 'he was' }]);
  client.read(spoken('Hello'));
  const late = captions(client.read(heard(' not', true)).events);
  expect(late).toMatchObject([{ itemId: 'you-1', delta: ' not', final: true, before: 'reply-1' }]);
  const next = captions(client.read(heard('but')).events);
  expect(next).toMatchObject([{ itemId: 'you-2', before: undefined }]);
});

test('words of the caller that come after a function was called go before its answer', () => {
  const client = geminiLive.createClient(settings);
  client.read({ toolCall: { functionCalls: [{ id: 'f1', name: 'get_local_time', args: {} }] } });
  expect(captions(client.read(heard('what time', true)).events)).toMatchObject([
    { itemId: 'you-1', before: functionCaptionId('f1') },
  ]);
  client.read(spoken('Noon'));
  client.read({ serverContent: { turnComplete: true } });
  expect(captions(client.read(heard('thanks')).events)).toMatchObject([{ itemId: 'you-2', before: undefined }]);
});

test('words after an interruption belong to the next turn', () => {
  const client = geminiLive.createClient(settings);
  client.read(heard('one'));
  client.read(audio());
  client.read({ serverContent: { interrupted: true } });
  expect(captions(client.read(heard('two')).events)).toMatchObject([{ itemId: 'you-2' }]);
  client.read({ serverContent: { turnComplete: true } });
  expect(captions(client.read(heard(' three')).events)).toMatchObject([{ itemId: 'you-2' }]);
});

test('thoughts make no captions; another rate, tool calls and the end of the session are read', () => {
  const client = geminiLive.createClient(settings);
  const thought = { serverContent: { modelTurn: { parts: [{ text: 'hmm', thought: true }] } } };
  expect(client.read(thought).events).toEqual([]);
  expect(client.read(audio('AAAA', 'audio/pcm;rate=16000')).events.at(-1)).toMatchObject({ rateHz: 16000 });
  const call = { id: 'f1', name: 'get_local_time', args: { a: 1 } };
  expect(client.read({ toolCall: { functionCalls: [call] } }).events).toEqual([
    { kind: 'tool-call', call: { callId: 'f1', name: 'get_local_time', arguments: '{"a":1}' } },
  ]);
  expect(client.answer({ callId: 'f1', name: 'get_local_time', arguments: '{}' }, { t: 1 })).toEqual([
    { toolResponse: { functionResponses: [{ id: 'f1', name: 'get_local_time', response: { t: 1 } }] } },
  ]);
  expect(client.read({ goAway: { timeLeft: '50s' } }).events).toEqual([{ kind: 'expiring', inText: '50s' }]);
  expect(client.read({ serverContent: 'nonsense' }).events).toEqual([]);
});
