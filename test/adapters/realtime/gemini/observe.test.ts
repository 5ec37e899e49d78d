// Tests what the tap learns from Gemini's messages, and that it learns it of audio without a parse.

import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { geminiLiveDialect as dialect } from '../../../../adapters/realtime/gemini/dialect.ts';
import { frameOf } from '../../../support/frames.ts';

const downstream = (message: object | string) => dialect.observe(frameOf(message, true), 'downstream');
const upstream = (message: object | string) => dialect.observe(frameOf(message), 'upstream');
const content = (serverContent: object, rest: object = {}) => downstream({ serverContent, ...rest });
const audioPart = { inlineData: { mimeType: 'audio/pcm;rate=24000', data: 'QUJD'.repeat(1000) } };
const modelTurn = { parts: [audioPart] };
const usageMetadata = {
  promptTokenCount: 100,
  toolUsePromptTokenCount: 5,
  cachedContentTokenCount: 20,
  responseTokenCount: 30,
  thoughtsTokenCount: 7,
  totalTokenCount: 142,
  promptTokensDetails: [
    { modality: 'TEXT', tokenCount: 60 },
    { modality: 'AUDIO', tokenCount: 38 },
    { modality: 'VIDEO', tokenCount: 1 },
    { modality: 'IMAGE', tokenCount: 1 },
  ],
  toolUsePromptTokensDetails: [{ modality: 'TEXT', tokenCount: 5 }],
  responseTokensDetails: [{ modality: 'AUDIO', tokenCount: 30 }],
};
const counted = {
  inputTokens: 105,
  outputTokens: 37,
  totalTokens: 142,
  cachedTokens: 20,
  inputTextTokens: 65,
  inputAudioTokens: 38,
  inputImageTokens: 2,
  outputAudioTokens: 30,
};

describe('from the provider', () => {
  test('audio marks itself, and is not parsed', () => {
    const frame = frameOf({ serverContent: { modelTurn } });
    const spaced = frameOf(JSON.stringify({ serverContent: { modelTurn } }, undefined, 2), true);
    const parse = vi.spyOn(JSON, 'parse');
    onTestFinished(() => parse.mockRestore());
    for (const message of [frame, spaced])
      expect(dialect.observe(message, 'downstream')).toEqual({
        type: 'serverContent',
        mark: 'audio',
        decides: expect.any(Function),
      });
    expect(parse).not.toHaveBeenCalled();
  });

  test('audio with usage in the same message brings both', () => {
    expect(content({ modelTurn }, { usageMetadata })).toEqual({ type: 'serverContent', mark: 'audio', usage: counted });
    const first = downstream({ usageMetadata, serverContent: { turnComplete: true } });
    expect(first).toEqual({ type: 'usageMetadata', mark: 'turn-done', usage: counted });
  });

  test('usage sums up: tool prompts are input, thoughts are output', () => {
    const usage = downstream({ usageMetadata })?.usage;
    expect(usage).toEqual(counted);
    expect((usage?.inputTokens ?? 0) + (usage?.outputTokens ?? 0)).toBe(usage?.totalTokens);
  });

  test.each([
    [{ turnComplete: true }, 'turn-done'],
    [{ interrupted: true }, 'interrupted'],
    [{ interrupted: true, turnComplete: true }, 'interrupted'],
    [{ modelTurn: { parts: [{ text: 'hello' }] } }, 'text'],
    [{ modelTurn: { parts: [{ text: 'a thought', thought: true }, { text: 'hello' }] } }, 'text'],
    [{ modelTurn, turnComplete: true }, 'audio'],
    [{ modelTurn, interrupted: true }, 'interrupted'],
    [{ modelTurn: { parts: [{ text: 'a thought', thought: true }] } }, undefined],
    [{ modelTurn: { parts: [{ text: '' }] } }, undefined],
    [{ modelTurn: { parts: [{ text: '"inlineData":{"mimeType":"audio/pcm","data":"x"}' }] } }, 'text'],
    [{ modelTurn: { parts: [{ inlineData: { mimeType: 'image/png', data: 'QUJD' } }] } }, undefined],
    [{ generationComplete: true }, undefined],
    [{ outputTranscription: { text: 'hello' } }, undefined],
    [{ inputTranscription: { text: 'hello' } }, undefined],
    [{ interrupted: 'true' }, undefined],
    [{}, undefined],
  ])('%j marks %s', (serverContent, mark) => {
    expect(content(serverContent)?.mark).toBe(mark);
    expect(content(serverContent)?.type).toBe('serverContent');
  });

  const user = (text: string) => ({ role: 'user', text, isPartial: true });
  const assistant = (text: string) => ({ role: 'assistant', text, isPartial: true });
  test.each([
    [{ inputTranscription: { text: 'hel' } }, [user('hel')]],
    [{ outputTranscription: { text: ' world' }, turnComplete: true }, [assistant(' world')]],
    [{ inputTranscription: { text: 'a' }, outputTranscription: { text: 'b' } }, [user('a'), assistant('b')]],
    [
      { modelTurn: { parts: [{ text: 'thinking', thought: true }, { text: 'one ' }, { text: 'two' }] } },
      [assistant('one two')],
    ],
    [{ modelTurn, outputTranscription: { text: 'spoken' } }, [assistant('spoken')]],
    [{ interimInputTranscription: { text: 'h' } }, undefined],
    [{ inputTranscription: { text: '' } }, undefined],
    [{ inputTranscription: { text: 7 } }, undefined],
    [{ modelTurn }, undefined],
  ])('the words of %.160j are read', (serverContent, said) => {
    expect(content(serverContent)?.utterances).toEqual(said);
  });

  test.each([
    [{ voiceActivity: { voiceActivityType: 'ACTIVITY_START' } }, 'speech-started'],
    [{ voiceActivity: { voiceActivityType: 'ACTIVITY_END' } }, 'speech-stopped'],
    [{ voiceActivityDetectionSignal: { vadSignalType: 'VAD_SIGNAL_TYPE_SOS' } }, 'speech-started'],
    [{ voiceActivityDetectionSignal: { vadSignalType: 'VAD_SIGNAL_TYPE_EOS' } }, 'speech-stopped'],
    [{ voiceActivity: {} }, undefined],
    [{ setupComplete: {} }, undefined],
    [{ toolCall: { functionCalls: [] } }, undefined],
    [{ toolCall: { functionCalls: { name: 'f' } } }, undefined],
    [{ goAway: { timeLeft: '50s' } }, undefined],
  ])('%j marks %s', (message, mark) => {
    expect(downstream(message)).toMatchObject({ type: Object.keys(message)[0] });
    expect(downstream(message)?.mark).toBe(mark);
  });

  test.each([
    '{"serverContent":{"modelTurn":{"parts":[{"inlineData":{"mimeType":"audio/pcm","data":"never ends',
    '{"serverContent":{"modelTurn":{"parts":[{"inlineData":{"data":7',
    '{"serverContent":',
    '{"serverContent":7}',
    '{"serverContent":{"modelTurn":{"parts":{"text":"x"}}}}',
    '{"serverContent":{"modelTurn":[null]}}',
    `{"serverContent":${'['.repeat(100_000)}`,
    `{"serverContent":${'{"modelTurn":'.repeat(100_000)}1${'}'.repeat(100_000)}}`,
    JSON.stringify({ serverContent: { turnComplete: true }, x: 'x'.repeat(5_000_000) }),
  ])('a hostile message is known by its type at most: %.60s', (text) => {
    expect(downstream(text)?.type).toMatch(/^serverContent$/);
    expect(downstream(text)?.usage).toBeUndefined();
  });

  test('broken usage brings none', () => {
    expect(
      downstream({ usageMetadata: { promptTokenCount: '7', promptTokensDetails: [null, 7, {}] } })?.usage,
    ).toBeUndefined();
    expect(downstream({ usageMetadata: [] })?.usage).toBeUndefined();
    expect(downstream('{"usageMetadata":{"promptTokenCount":1e999,"responseTokenCount":1}}')?.usage).toEqual({
      outputTokens: 1,
    });
  });
});

describe('from the client', () => {
  test.each([
    [{ clientContent: { turns: [], turnComplete: true } }, 'request'],
    [{ client_content: { turns: [], turn_complete: true } }, 'request'],
    [{ clientContent: { turns: [], turnComplete: false } }, undefined],
    [{ clientContent: { turns: [] } }, undefined],
    [{ realtimeInput: { activityEnd: {} } }, 'request'],
    [{ realtime_input: { activity_end: {} } }, 'request'],
    [{ realtimeInput: { activityStart: {} } }, undefined],
    [{ realtimeInput: { audioStreamEnd: true } }, undefined],
    [{ realtimeInput: { audio: { data: 'QUJD', mimeType: 'audio/pcm' } } }, undefined],
    [{ realtimeInput: { video: { data: 'text', mimeType: 'image/jpeg' } } }, undefined],
    [{ toolResponse: { functionResponses: [] } }, undefined],
  ])('%j marks %s', (message, mark) => {
    const { decides: _, ...seen } = upstream(message) ?? {};
    const [type] = Object.keys(message);
    expect(seen).toEqual(mark === undefined ? { type } : { type, mark });
  });

  const spoken = (text: string) => ({ role: 'user', parts: [{ text }] });
  const answered = { role: 'model', parts: [{ text: 'an answer of before' }] };
  test.each([
    [{ realtimeInput: { text: 'hello' } }, 'hello'],
    [{ realtime_input: { text: 'hello' } }, 'hello'],
    [{ clientContent: { turns: [spoken('one'), spoken('two')], turnComplete: true } }, 'one\ntwo'],
    [{ client_content: { turns: spoken('only one') } }, 'only one'],
    [{ clientContent: { turns: [spoken('before'), answered, spoken('now')], turnComplete: true } }, 'now'],
    [{ clientContent: { turns: [spoken('before'), answered] } }, undefined],
    [{ clientContent: { turns: [{ parts: [{ inlineData: { data: 'QUJD' } }] }] } }, undefined],
    [{ realtimeInput: { text: 'x'.repeat(300_000) } }, undefined],
  ])('%.120j has the words %s', (message, text) => {
    expect(upstream(message)?.utterances).toEqual(text && [{ role: 'user', text }]);
  });

  test('text is a request too', () => {
    expect(upstream({ realtimeInput: { text: 'hello' } })?.mark).toBe('request');
  });

  test('the setup tells the model, which the provider never does', () => {
    expect(upstream({ setup: { model: 'models/gemini-live' } })).toEqual({ type: 'setup', model: 'gemini-live' });
    expect(upstream({ setup: {} })?.model).toBeUndefined();
  });

  test('realtime input is not parsed', () => {
    const frame = frameOf({ realtimeInput: { audio: { data: 'QUJD', mimeType: 'audio/pcm' } } });
    const parse = vi.spyOn(JSON, 'parse');
    onTestFinished(() => parse.mockRestore());
    expect(dialect.observe(frame, 'upstream')).toEqual({ type: 'realtimeInput', decides: expect.any(Function) });
    expect(parse).not.toHaveBeenCalled();
  });

  test('bytes that are no message are no observation', () => {
    for (const text of ['', 'x', '[]', '{}', '7']) expect(upstream(text)).toBeUndefined();
  });
});

test('there is no error message, only the close', () => {
  expect(dialect.errorEvent({ code: 'model_not_allowed', message: 'm' })).toBeUndefined();
});
