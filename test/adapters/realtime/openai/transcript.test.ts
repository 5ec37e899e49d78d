// Tests what the dialects of OpenAI tell of what was said, by both sides.

import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Dialect } from '../../../../adapters/realtime/contract/dialect.ts';
import { openaiLiveDialect } from '../../../../adapters/realtime/openai/dialects/live.ts';
import { openaiRealtimeDialect } from '../../../../adapters/realtime/openai/dialects/realtime.ts';
import { openaiResponsesDialect } from '../../../../adapters/realtime/openai/dialects/responses.ts';
import { openaiTranslationDialect } from '../../../../adapters/realtime/openai/dialects/translation.ts';
import { frameOf } from '../../../support/frames.ts';

const up = (dialect: Dialect, event: object) => dialect.observe(frameOf(event), 'upstream')?.utterances;
const down = (dialect: Dialect, event: object) => dialect.observe(frameOf(event), 'downstream')?.utterances;
const message = (role: string, ...content: object[]) => ({ type: 'message', role, content });
const text = (words: string) => ({ type: 'input_text', text: words });
const user = (words: string) => [{ role: 'user', text: words }];
const assistant = (words: string) => [{ role: 'assistant', text: words }];

describe('Realtime', () => {
  const create = (item: unknown) =>
    up(openaiRealtimeDialect, { type: 'conversation.item.create', item: item as object });

  test('the words that a client types in are the user’s', () => {
    expect(create(message('user', text('one'), text('two')))).toEqual(user('one two'));
    const heard = { type: 'input_audio', audio: 'QUJD', transcript: 'spoken before' };
    expect(create(message('user', heard, text('and typed')))).toEqual(user('spoken before and typed'));
  });

  test.each([
    message('assistant', { type: 'output_text', text: 'history' }),
    message('system', text('instructions')),
    message('user', { type: 'input_audio', audio: 'QUJD' }),
    message('user', { type: 'input_text', text: 7 }),
    { type: 'function_call_output', call_id: 'c', output: 'secret' },
    { role: 'user', content: null },
    [],
    7,
    undefined,
  ])('%j has no words of the user', (item) => {
    expect(create(item)).toBeUndefined();
  });

  test('an event with a picture or a recording is not parsed for the words beside it', () => {
    const picture = { type: 'input_image', image_url: `data:image/png;base64,${'A'.repeat(300_000)}` };
    const frame = frameOf({ type: 'conversation.item.create', item: message('user', text('look'), picture) });
    const parse = vi.spyOn(JSON, 'parse');
    onTestFinished(() => parse.mockRestore());
    expect(openaiRealtimeDialect.observe(frame, 'upstream')?.utterances).toBeUndefined();
    expect(parse).not.toHaveBeenCalled();
  });

  test('audio and deltas are not parsed', () => {
    const events = [
      'response.output_audio.delta',
      'response.output_audio_transcript.delta',
      'response.output_text.delta',
    ];
    const parse = vi.spyOn(JSON, 'parse');
    onTestFinished(() => parse.mockRestore());
    for (const type of events) expect(down(openaiRealtimeDialect, { type, delta: 'QUJD' })).toBeUndefined();
    expect(up(openaiRealtimeDialect, { type: 'input_audio_buffer.append', audio: 'QUJD' })).toBeUndefined();
    expect(parse).not.toHaveBeenCalled();
  });

  test('a committed item is heard; its transcript comes later, or is known not to come', () => {
    const committed = frameOf({ type: 'input_audio_buffer.committed', item_id: 'i1' });
    expect(openaiRealtimeDialect.observe(committed, 'downstream')).toMatchObject({ pendingTranscriptOf: 'i1' });
    const type = 'conversation.item.input_audio_transcription';
    const item = 'i1';
    expect(down(openaiRealtimeDialect, { type: `${type}.completed`, item_id: item, transcript: 'hello' })).toEqual([
      { role: 'user', text: 'hello', item },
    ]);
    expect(down(openaiRealtimeDialect, { type: `${type}.failed`, item_id: item, error: {} })).toEqual([
      { role: 'user', text: '', item },
    ]);
    expect(down(openaiRealtimeDialect, { type: `${type}.delta`, item_id: item, delta: 'hel' })).toBeUndefined();
  });

  test('a reply is whole, spoken or written', () => {
    expect(down(openaiRealtimeDialect, { type: 'response.output_audio_transcript.done', transcript: 'hi' })).toEqual(
      assistant('hi'),
    );
    expect(down(openaiRealtimeDialect, { type: 'response.output_text.done', text: 'hi' })).toEqual(assistant('hi'));
    expect(down(openaiRealtimeDialect, { type: 'response.output_text.done', text: '' })).toBeUndefined();
    expect(down(openaiRealtimeDialect, { type: 'response.output_text.done', text: [1] })).toBeUndefined();
  });
});

describe('Responses', () => {
  const create = (rest: object) => up(openaiResponsesDialect, { type: 'response.create', model: 'm', ...rest });

  test('the input is the user’s, a string or items', () => {
    expect(create({ input: 'hello' })).toEqual(user('hello'));
    expect(create({ input: [message('user', text('a')), { role: 'user', content: 'b' }] })).toEqual(user('a\nb'));
    expect(up(openaiResponsesDialect, { type: 'response.create', response: { input: 'older' } })).toEqual(
      user('older'),
    );
    expect(up(openaiResponsesDialect, { type: 'response.steer', input: 'shorter' })).toEqual(user('shorter'));
  });

  test('words before the last answer are not counted again', () => {
    const before = [{ role: 'user', content: 'before' }, message('assistant', { type: 'output_text', text: 'answer' })];
    expect(create({ input: [...before, { role: 'user', content: 'now' }] })).toEqual(user('now'));
    expect(create({ input: [...before, { type: 'function_call_output', output: 'x' }] })).toBeUndefined();
  });

  test('a reply is whole', () => {
    expect(down(openaiResponsesDialect, { type: 'response.output_text.done', text: 'hi' })).toEqual(assistant('hi'));
    expect(down(openaiResponsesDialect, { type: 'response.output_text.delta', delta: 'h' })).toBeUndefined();
  });
});

test.each([
  ['Live', openaiLiveDialect],
  ['Translation', openaiTranslationDialect],
])('%s says both sides in pieces, and never where a turn ends', (_, dialect) => {
  expect(down(dialect, { type: 'session.input_transcript.delta', delta: 'hel', start_ms: 0 })).toEqual([
    { role: 'user', text: 'hel', isPartial: true },
  ]);
  expect(down(dialect, { type: 'session.output_transcript.delta', delta: 'hi' })).toEqual([
    { role: 'assistant', text: 'hi', isPartial: true },
  ]);
  expect(down(dialect, { type: 'session.output_transcript.delta', delta: null })).toBeUndefined();
});

test('words are read from a frame when they are asked for, not before', () => {
  const item = { role: 'user', content: [{ type: 'input_text', text: 'hello' }] };
  const events: [Dialect, object, 'upstream' | 'downstream'][] = [
    [openaiRealtimeDialect, { type: 'conversation.item.create', item }, 'upstream'],
    [openaiResponsesDialect, { type: 'response.create', input: 'hello' }, 'upstream'],
    [openaiResponsesDialect, { type: 'response.output_text.done', text: 'hi' }, 'downstream'],
  ];
  for (const [dialect, event, direction] of events) {
    const frame = frameOf(event);
    const observation = dialect.observe(frame, direction);
    expect(observation?.utterances).toHaveLength(1);
    frame.data.fill(0x20);
    expect(observation?.utterances).toBeUndefined();
  }
});
