// The configuration of a setup, and invalid setups.

import { describe, expect, test } from 'vitest';
import { readSetup, updateContext } from '../../../../adapters/simulators/gemini/setup.ts';

const model = 'models/gemini-live';

test('a setup with only a model has the defaults of the provider', () => {
  expect(readSetup({ model })).toEqual({
    model,
    modality: 'AUDIO',
    instructions: '',
    functions: [],
    detection: { mode: 2, prefixPaddingMs: 300, silenceMs: 600 },
    interrupts: true,
    transcribesInput: false,
    transcribesOutput: false,
    signalsVoice: false,
    resumable: false,
  });
});

test.each([
  ['as a text', 'Be kind.'],
  ['as a part', { text: 'Be kind.' }],
  ['as a content', { parts: [{ text: 'Be' }, { text: 'kind.' }] }],
])('instructions are read when they come %s', (_, systemInstruction) => {
  expect(readSetup({ model, systemInstruction })).toMatchObject({ instructions: 'Be kind.' });
});

test('functions are collected from all tools', () => {
  const tools = [
    { googleSearch: {} },
    { functionDeclarations: [{ name: 'a' }] },
    { functionDeclarations: [{ name: 'b' }] },
  ];
  expect(readSetup({ model, tools })).toMatchObject({ functions: [{ name: 'a' }, { name: 'b' }] });
});

describe('activity detection', () => {
  const detection = (automaticActivityDetection: object) => {
    return readSetup({ model, realtimeInputConfig: { automaticActivityDetection } }).detection;
  };

  test('follows the sensitivities', () => {
    expect(detection({ startOfSpeechSensitivity: 'START_SENSITIVITY_LOW' })).toMatchObject({ mode: 3 });
    expect(detection({ startOfSpeechSensitivity: 'START_SENSITIVITY_HIGH' })).toMatchObject({ mode: 1 });
    expect(detection({ endOfSpeechSensitivity: 'END_SENSITIVITY_HIGH' })).toMatchObject({ silenceMs: 400 });
    expect(detection({ endOfSpeechSensitivity: 'END_SENSITIVITY_LOW' })).toMatchObject({ silenceMs: 1000 });
  });

  test('follows the times before the sensitivities', () => {
    const given = { endOfSpeechSensitivity: 'END_SENSITIVITY_LOW', silenceDurationMs: 250, prefixPaddingMs: 20 };
    expect(detection(given)).toEqual({ mode: 2, prefixPaddingMs: 20, silenceMs: 250 });
  });

  test('is off when the setup disables it', () => {
    expect(detection({ disabled: true })).toBeUndefined();
  });
});

test.each([
  ['no model', {}, 1007],
  ['a model without its folder', { model: 'gemini-live' }, 1008],
  ['two modalities', { model, generationConfig: { responseModalities: ['AUDIO', 'TEXT'] } }, 1007],
  ['an unknown modality', { model, generationConfig: { responseModalities: ['IMAGE'] } }, 1007],
  ['a function without a name', { model, tools: [{ functionDeclarations: [{}] }] }, 1007],
  ['a stale handle', { model, sessionResumption: { handle: 'old' } }, 1007],
])('%s closes the connection', (_, setup, code) => {
  expect(() => readSetup(setup)).toThrow(expect.objectContaining({ code, message: expect.any(String) }));
});

test('a context update changes only what it names', () => {
  const setup = readSetup({ model, systemInstruction: 'old', tools: [{ functionDeclarations: [{ name: 'a' }] }] });
  expect(updateContext(setup, { systemInstruction: 'new' })).toMatchObject({
    instructions: 'new',
    functions: [{ name: 'a' }],
  });
  expect(updateContext(setup, { tools: [] })).toMatchObject({ instructions: 'old', functions: [] });
  expect(() => updateContext(setup, { tools: 5 })).toThrow(expect.objectContaining({ code: 1007 }));
});

describe('a model that thinks for long', () => {
  const thinker = 'models/gemini-3.8-live-extended-thinking';
  const generationConfig = { thinkingConfig: {} };
  const toolsOf = (behavior?: string) => [{ functionDeclarations: [{ name: 'f', behavior }] }];

  test('takes a setup that says how it thinks, with functions that do not block', () => {
    expect(readSetup({ model: thinker, generationConfig, tools: toolsOf('NON_BLOCKING') }).functions).toHaveLength(1);
  });

  test.each([
    [{}, 'thinking_config'],
    [{ generationConfig, tools: toolsOf() }, 'NON_BLOCKING'],
  ])('refuses %j', (given, reason) => {
    expect(() => readSetup({ model: thinker, ...given })).toThrow(reason);
  });
});
