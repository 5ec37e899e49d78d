// A conversation in the Gemini Live dialect: JSON that the provider sends in binary messages.

import type { DialectFixture } from '../fixture.ts';

const inBinary = (event: object) => Buffer.from(JSON.stringify(event));
const sound = { inlineData: { mimeType: 'audio/pcm;rate=24000', data: 'AAEAAgAD' } };

export const geminiLive: DialectFixture = {
  conversation: [
    ['client', { setup: { model: 'models/gemini-live', outputAudioTranscription: {} } }, { model: 'gemini-live' }],
    ['provider', inBinary({ setupComplete: {} })],
    ['client', { realtimeInput: { audio: { data: 'AAEAAgAD', mimeType: 'audio/pcm;rate=16000' } } }],
    [
      'provider',
      inBinary({ serverContent: { inputTranscription: { text: 'Hello' } } }),
      { utterances: [{ role: 'user', text: 'Hello', isPartial: true }] },
    ],
    [
      'provider',
      inBinary({ toolCall: { functionCalls: [{ id: 'c1', name: 'get_weather', args: { city: 'Bern' } }] } }),
      { toolCalls: [{ name: 'get_weather', id: 'c1' }] },
    ],
    ['client', { toolResponse: { functionResponses: [{ id: 'c1', name: 'get_weather', response: { rain: 3 } }] } }],
    ['provider', inBinary({ serverContent: { modelTurn: { role: 'model', parts: [sound] } } }), { mark: 'audio' }],
    [
      'provider',
      inBinary({ serverContent: { outputTranscription: { text: 'Hi there.' } } }),
      { utterances: [{ role: 'assistant', text: 'Hi there.', isPartial: true }] },
    ],
    ['provider', inBinary({ serverContent: { generationComplete: true } })],
    [
      'provider',
      inBinary({
        serverContent: { turnComplete: true },
        usageMetadata: { promptTokenCount: 40, responseTokenCount: 60, totalTokenCount: 100 },
      }),
      { mark: 'turn-done', usage: { inputTokens: 40, outputTokens: 60, totalTokens: 100 } },
    ],
    [
      'client',
      { realtimeInput: { text: 'And now?' } },
      { mark: 'request', utterances: [{ role: 'user', text: 'And now?' }] },
    ],
    ['provider', inBinary({ serverContent: { modelTurn: { role: 'model', parts: [sound] } } }), { mark: 'audio' }],
    ['provider', inBinary({ serverContent: { interrupted: true } }), { mark: 'interrupted' }],
    ['provider', inBinary({ goAway: { timeLeft: '10s' } })],
  ],
  model: 'gemini-live',
  usage: { inputTokens: 40, outputTokens: 60, totalTokens: 100 },
  turns: [
    { user: 'Hello', assistant: 'Hi there.' },
    { user: 'And now?', assistant: '', isInterrupted: true },
  ],
  context: 'behind-first-answer',
  naming: (model) => ({ setup: { model: `models/${model}` } }),
};

export const geminiMusic: DialectFixture = {
  conversation: [
    ['client', { setup: { model: 'models/lyria-realtime-exp' } }, { model: 'lyria-realtime-exp' }],
    ['provider', inBinary({ setupComplete: {} }), { isContinuous: true }],
    ['client', { clientContent: { weightedPrompts: [{ text: 'calm piano', weight: 1 }] } }],
    ['client', { musicGenerationConfig: { bpm: 90 } }],
    ['client', { playbackControl: 'PLAY' }],
    [
      'provider',
      inBinary({ serverContent: { audioChunks: [{ data: 'AAEAAgAD', mimeType: 'audio/l16;rate=48000' }] } }),
      { mark: 'audio' },
    ],
    ['provider', inBinary({ filteredPrompt: { text: 'x', filteredReason: 'y' } })],
  ],
  model: 'lyria-realtime-exp',
  usage: 'connected-time',
  turns: [{ user: '', assistant: '' }],
  naming: (model) => ({ setup: { model: `models/${model}` } }),
};
