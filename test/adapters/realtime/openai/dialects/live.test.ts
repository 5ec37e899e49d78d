// Tests what the tap learns from Live events: seconds that replace each other, and tokens of delegated work that add up.

import { expect, onTestFinished, test, vi } from 'vitest';
import { openaiLiveDialect as dialect } from '../../../../../adapters/realtime/openai/dialects/live.ts';
import { frameOf } from '../../../../support/frames.ts';

const downstream = (event: object) => dialect.observe(frameOf(event), 'downstream');

test('session.started tells the model, and hands out the id of the session', () => {
  const event = { type: 'session.started', session: { id: 's', model: 'gpt-live-1' } };
  const learned = { type: 'session.started', model: 'gpt-live-1', isContinuous: true, handedOut: ['s'] };
  expect(downstream(event)).toEqual(learned);
});

test.each(['session.usage.updated', 'session.closed'])('%s brings the seconds so far', (type) => {
  expect(downstream({ type, usage: { seconds: 12.5 } })).toEqual({ type, usage: { cumulative: true, seconds: 12.5 } });
  expect(downstream({ type, usage: {} })?.usage).toBeUndefined();
  expect(downstream({ type })?.usage).toBeUndefined();
});

test('the answer of a model that decides brings its tokens', () => {
  const usage = { input_tokens: 3, output_tokens: 4, total_tokens: 7 };
  const event = { type: 'decision.completed', decision: { model: 'm', answers: [], usage } };
  const counted = { inputTokens: 3, outputTokens: 4, totalTokens: 7 };
  const learned = { type: 'decision.event', usage: counted, usageOf: { model: 'm' } };
  expect(downstream({ type: 'decision.event', event_id: 'e', event })).toEqual(learned);
});

test('the end of a delegated response brings its tokens', () => {
  const response = { model: 'm', usage: { input_tokens: 3, output_tokens: 4, total_tokens: 7 } };
  const event = { type: 'response.event', delegation_id: 'd', event: { type: 'response.completed', response } };
  const counted = { inputTokens: 3, outputTokens: 4, totalTokens: 7 };
  expect(downstream(event)).toEqual({ type: 'response.event', usage: counted, usageOf: { model: 'm' } });
  const output = [{ type: 'function_call', call_id: 'c1', name: 'get_weather', arguments: '{}' }];
  const asking = { ...event, event: { ...event.event, response: { ...response, output } } };
  expect(downstream(asking)?.toolCalls).toEqual([{ name: 'get_weather', id: 'c1' }]);
  const other = { type: 'response.event', event: { type: 'response.in_progress', response } };
  expect(downstream(other)).toEqual({ type: 'response.event' });
});

test('audio marks itself, and is not parsed', () => {
  const audio = frameOf({ type: 'session.output_audio.delta', delta: 'QUJD' });
  const parse = vi.spyOn(JSON, 'parse');
  onTestFinished(() => parse.mockRestore());
  expect(dialect.observe(audio, 'downstream')).toEqual({
    type: 'session.output_audio.delta',
    mark: 'audio',
    decides: expect.any(Function),
  });
  expect(parse).not.toHaveBeenCalled();
});

test('no client event asks for a turn', () => {
  for (const type of ['session.start', 'response.create', 'session.input_audio.append']) {
    expect(dialect.observe(frameOf({ type }), 'upstream')).toEqual({ type, decides: expect.any(Function) });
  }
});
