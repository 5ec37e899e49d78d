// Tests what the tap learns from Realtime events, and what a refused client is told.

import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { openaiRealtimeDialect as dialect } from '../../../../../adapters/realtime/openai/dialects/realtime.ts';
import { eventOf, frameOf } from '../../../../support/frames.ts';

const usage = {
  total_tokens: 253,
  input_tokens: 132,
  output_tokens: 121,
  input_token_details: {
    text_tokens: 119,
    audio_tokens: 13,
    image_tokens: 2,
    cached_tokens: 64,
    cached_tokens_details: { text_tokens: 64, audio_tokens: 0, image_tokens: 0 },
  },
  output_token_details: { text_tokens: 30, audio_tokens: 91 },
};

const counted = {
  totalTokens: 253,
  inputTokens: 132,
  outputTokens: 121,
  inputTextTokens: 119,
  inputAudioTokens: 13,
  inputImageTokens: 2,
  cachedTokens: 64,
  cachedAudioTokens: 0,
  cachedImageTokens: 0,
  outputTextTokens: 30,
  outputAudioTokens: 91,
};

const AUDIO = 'response.output_audio.delta';
const downstream = (event: object) => dialect.observe(frameOf(event), 'downstream');
const upstream = (event: object) => dialect.observe(frameOf(event), 'upstream');

describe('from the provider', () => {
  test.each([
    ['input_audio_buffer.speech_started', 'speech-started'],
    ['input_audio_buffer.speech_stopped', 'speech-stopped'],
    ['response.output_text.delta', 'text'],
  ])('%s marks %s', (type, mark) => {
    expect(downstream({ type, event_id: 'e', delta: 'QUJD' })).toEqual({ type, mark });
    expect(downstream({ event_id: 'e', delta: 'QUJD', type })).toEqual({ type, mark });
  });

  test('a piece of sound marks audio', () => {
    for (const event of [
      { type: AUDIO, delta: 'QUJD' },
      { event_id: 'e', delta: 'QUJD', type: AUDIO },
    ])
      expect(downstream(event)).toEqual({ type: AUDIO, mark: 'audio', decides: expect.any(Function) });
  });

  test.each([
    'response.output_audio_transcript.delta',
    'conversation.item.input_audio_transcription.delta',
    'response.output_audio.done',
    'response.created',
    'rate_limits.updated',
    'error',
    'constructor',
    '__proto__',
  ])('%s marks nothing', (type) => {
    expect(downstream({ type, delta: 'x' })).toEqual({ type });
  });

  test('response.done brings usage and ends the turn', () => {
    const event = { type: 'response.done', response: { status: 'completed', usage } };
    expect(downstream(event)).toEqual({ type: 'response.done', mark: 'turn-done', usage: counted });
  });

  test('a cancelled response was interrupted, and is billed too', () => {
    const event = { type: 'response.done', response: { status: 'cancelled', usage } };
    expect(downstream(event)).toEqual({ type: 'response.done', mark: 'interrupted', usage: counted });
  });

  test('a response tells which tools it calls, and nothing of their arguments, or of a call that broke off', () => {
    const output = [
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'One moment.' }] },
      { type: 'function_call', id: 'i1', call_id: 'c1', name: 'get_weather', arguments: '{"city":"Bern"}' },
      { type: 'mcp_call', id: 'i2', server_label: 'docs', name: 'search', arguments: '{}', output: 'found' },
      { type: 'function_call', id: 'i3', call_id: 'c3', name: 'end_call', status: 'incomplete' },
      { type: 'function_call', name: 7 },
      'no item',
    ];
    const event = { type: 'response.done', response: { status: 'completed', output } };
    expect(downstream(event)?.toolCalls).toEqual([
      { name: 'get_weather', id: 'c1' },
      { name: 'search', id: 'i2' },
      { name: undefined, id: undefined },
    ]);
    expect(downstream({ ...event, response: { output: output.slice(0, 1) } })?.toolCalls).toBeUndefined();
  });

  test('a response without usage brings none', () => {
    expect(downstream({ type: 'response.done', response: { status: 'failed', usage: null } })?.usage).toBeUndefined();
  });

  test('transcription is a bill of its own, in tokens or in seconds', () => {
    const type = 'conversation.item.input_audio_transcription.completed';
    const tokens = {
      type: 'tokens',
      total_tokens: 5,
      input_tokens: 3,
      output_tokens: 2,
      input_token_details: { audio_tokens: 3, text_tokens: 0 },
    };
    const counts = { totalTokens: 5, inputTokens: 3, outputTokens: 2, inputAudioTokens: 3, inputTextTokens: 0 };
    expect(downstream({ type, transcript: 'x', usage: tokens })).toEqual({
      type,
      usage: counts,
      usageOf: 'transcription',
    });
    const timed = downstream({ type, usage: { type: 'duration', seconds: 1.5 } });
    expect(timed).toEqual({ type, usage: { seconds: 1.5 }, usageOf: 'transcription' });
  });

  test.each(['session.created', 'session.updated'])('%s tells the model', (type) => {
    expect(downstream({ type, session: { model: 'gpt-realtime' } })).toEqual({ type, model: 'gpt-realtime' });
    const transcription = { type: 'transcription', audio: { input: { transcription: { model: 'whisper-1' } } } };
    const told = { type, model: 'whisper-1', transcriptionModel: 'whisper-1', isContinuous: true };
    expect(downstream({ type, session: transcription })).toEqual(told);
    expect(downstream({ type, session: {} })).toEqual({ type });
  });

  test('counts that are no counts are left out', () => {
    const broken = { total_tokens: '5', input_tokens: {}, output_tokens: null, input_token_details: 7 };
    expect(downstream({ type: 'response.done', response: { usage: broken } })?.usage).toBeUndefined();
    const text = '{"type":"response.done","response":{"usage":{"input_tokens":1e999,"output_tokens":2}}}';
    expect(dialect.observe(frameOf(text), 'downstream')?.usage).toEqual({ outputTokens: 2 });
  });

  test.each([
    ['{"type":"response.done"', undefined],
    ['{"type":"response.done","response":[1]}', undefined],
    ['{"type":"response.done","response":{"usage":[]}}', undefined],
    [`{"type":"response.done","response":${'['.repeat(100_000)}`, undefined],
    [`{"type":"response.done","response":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, undefined],
    [JSON.stringify({ type: 'response.done', response: { usage }, x: 'x'.repeat(5_000_000) }), undefined],
  ])('a hostile event is known by its type alone: %.60s', (text, expected) => {
    const observation = dialect.observe(frameOf(text), 'downstream');
    expect(observation?.type).toBe('response.done');
    expect(observation?.usage).toBe(expected);
  });
});

describe('from the client', () => {
  test('response.create is a request, nothing else is', () => {
    expect(upstream({ type: 'response.create' })).toEqual({ type: 'response.create', mark: 'request' });
    for (const type of ['input_audio_buffer.commit', 'conversation.item.create', 'response.cancel', 'response.done']) {
      expect(upstream({ type, response: { usage } })).toEqual({ type });
    }
  });

  test('bytes that are no event are no observation', () => {
    for (const data of ['', 'x', '[]', '{}', '{"type":7}']) {
      expect(dialect.observe(frameOf(data), 'upstream')).toBeUndefined();
    }
  });
});

test('a context is a system message; neither it nor the acknowledgement of the provider counts as words', () => {
  const form = dialect.context?.kind === 'event' ? dialect.context : undefined;
  const event = form?.event('They said "hello".\n');
  expect(form?.after).toBe('open');
  const item = { type: 'message', role: 'system', content: [{ type: 'input_text', text: 'They said "hello".\n' }] };
  expect(eventOf(event)).toEqual({ event_id: 'trunkline-context', type: 'conversation.item.create', item });
  expect(dialect.observe(frameOf(eventOf(event)), 'upstream')).toEqual({ type: 'conversation.item.create' });
  for (const type of ['conversation.item.added', 'conversation.item.done', 'conversation.item.created'])
    expect(downstream({ type, event_id: 'e', item })).toEqual({ type });
});

test('audio is not parsed, in either direction', () => {
  const delta = frameOf({ type: AUDIO, event_id: 'e', delta: 'QUJD' });
  const append = frameOf({ audio: 'QUJD', type: 'input_audio_buffer.append' });
  const parse = vi.spyOn(JSON, 'parse');
  onTestFinished(() => parse.mockRestore());
  expect(dialect.observe(delta, 'downstream')).toEqual({ type: AUDIO, mark: 'audio', decides: expect.any(Function) });
  expect(dialect.observe(append, 'upstream')).toEqual({
    type: 'input_audio_buffer.append',
    decides: expect.any(Function),
  });
  expect(parse).not.toHaveBeenCalled();
});
