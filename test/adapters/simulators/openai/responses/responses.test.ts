// The Responses API over a WebSocket: answers, parallel streams, continued responses.

import { describe, expect, test } from 'vitest';
import { at, Dialogue, type Event } from '../../../../support/dialogue.ts';

function open(options: object = {}): Dialogue {
  return new Dialogue('/v1/responses', { options: { times: { firstTextMs: 100, tokenMs: 10 }, ...options } });
}

function ask(dialogue: Dialogue, fields: object): void {
  dialogue.send({ type: 'response.create', model: 'gpt-5', ...fields });
}

const weather = {
  type: 'function',
  name: 'weather',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};

test('a connection sends nothing before the first request', () => {
  expect(open().messages).toEqual([]);
});

describe('a text', () => {
  test('is streamed in the order of the provider, with consecutive sequence numbers', () => {
    const dialogue = open();
    ask(dialogue, { input: 'good morning' });
    dialogue.advance(2000);
    expect(dialogue.types).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
    const numbers = dialogue.messages.map(({ event }) => event.sequence_number);
    expect(numbers).toEqual(numbers.map((_, i) => i));
    const text = 'This is the rehearsal provider. You wrote: good morning';
    expect(
      dialogue
        .all('response.output_text.delta')
        .map(({ delta }) => delta)
        .join(''),
    ).toBe(text);
    expect(dialogue.one('response.completed').response).toMatchObject({
      object: 'response',
      status: 'completed',
      model: 'gpt-5',
      output: [{ type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text }] }],
    });
  });

  test('starts after firstTextMs', () => {
    const dialogue = open();
    ask(dialogue, { input: 'x' });
    dialogue.advance(99);
    expect(dialogue.types).toEqual(['response.created', 'response.in_progress']);
    dialogue.advance(1);
    expect(dialogue.types).toContain('response.output_text.delta');
  });

  test('is read from input items too', () => {
    const dialogue = open();
    const content = [{ type: 'input_text', text: 'from an item' }];
    ask(dialogue, {
      input: [
        { role: 'developer', content: 'Be brief.' },
        { role: 'user', content },
      ],
    });
    dialogue.advance(2000);
    expect(dialogue.one('response.output_text.done').text).toContain('You wrote: from an item');
  });

  test('is incomplete when max_output_tokens is reached', () => {
    const dialogue = open();
    ask(dialogue, { input: 'x', max_output_tokens: 5 });
    dialogue.advance(2000);
    expect(dialogue.one('response.incomplete').response).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
    });
  });

  test('is not generated when only the context is prepared', () => {
    const dialogue = open();
    ask(dialogue, { input: 'x', generate: false });
    dialogue.advance(2000);
    expect(dialogue.types).toEqual(['response.created', 'response.in_progress', 'response.completed']);
  });
});

describe('a function', () => {
  test('is called, and its result is answered by a request that continues the response', () => {
    const dialogue = open();
    ask(dialogue, { input: 'Call weather.', tools: [weather] });
    dialogue.advance(2000);
    const call = at(dialogue.one('response.completed'), 'response.output.0');
    expect(call).toMatchObject({ type: 'function_call', name: 'weather', arguments: '{"city":"rehearsal"}' });
    const deltas = dialogue.all('response.function_call_arguments.delta').map(({ delta }) => delta);
    expect(deltas.join('')).toBe('{"city":"rehearsal"}');
    const previous_response_id = at(dialogue.one('response.completed'), 'response.id');
    dialogue.clear();
    const output = { type: 'function_call_output', call_id: at(call, 'call_id'), output: '21 degrees' };
    ask(dialogue, { previous_response_id, input: [output], tools: [weather] });
    dialogue.advance(2000);
    expect(dialogue.one('response.output_text.done').text).toContain('The tool weather answered: 21 degrees');
    expect(at(dialogue.one('response.completed'), 'response.previous_response_id')).toBe(previous_response_id);
  });

  test('is not called when nobody asks for it', () => {
    const dialogue = open();
    ask(dialogue, { input: 'How is the weather?', tools: [weather] });
    dialogue.advance(2000);
    expect(dialogue.one('response.output_text.done').text).toContain('You wrote: How is the weather?');
  });

  test('is called when the choice allows it alone and requires a call', () => {
    const dialogue = open();
    const clock = { type: 'function', name: 'clock' };
    const tool_choice = { type: 'allowed_tools', mode: 'required', tools: [clock] };
    ask(dialogue, { input: 'x', tools: [weather, clock], tool_choice });
    dialogue.advance(2000);
    expect(dialogue.one('response.function_call_arguments.done').name).toBe('clock');
  });
});

describe('requests of several streams', () => {
  test('answer one after the other within a stream', () => {
    const dialogue = open();
    ask(dialogue, { input: 'first', stream_id: 'a' });
    ask(dialogue, { input: 'second', stream_id: 'a' });
    dialogue.advance(5000);
    const order = dialogue.types.filter((type) => /created|completed/.test(type));
    expect(order).toEqual(['response.created', 'response.completed', 'response.created', 'response.completed']);
    const texts = dialogue.all('response.output_text.done').map(({ text }) => String(text).split(': ')[1]);
    expect(texts).toEqual(['first', 'second']);
  });

  test('do not wait for other streams, and every event names its stream', () => {
    const dialogue = open();
    ask(dialogue, { input: 'first', stream_id: 'a' });
    ask(dialogue, { input: 'second', stream_id: 'b' });
    ask(dialogue, { input: 'third' });
    expect(dialogue.all('response.created').map(({ stream_id }) => stream_id)).toEqual(['a', 'b', undefined]);
    dialogue.advance(5000);
    for (const lane of ['a', 'b', undefined]) {
      const events = dialogue.messages.filter(({ event }) => event.stream_id === lane).map(({ event }) => event);
      expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, i) => i));
      expect(events.at(-1)?.type).toBe('response.completed');
    }
  });

  test('are answered after a request that failed', () => {
    const dialogue = open();
    ask(dialogue, { input: 'first', stream_id: 'a' });
    ask(dialogue, { input: 'second', stream_id: 'a', previous_response_id: 'resp_unknown' });
    ask(dialogue, { input: 'third', stream_id: 'a' });
    dialogue.advance(5000);
    expect(dialogue.all('response.completed').length).toBe(2);
    expect(dialogue.one('error')).toMatchObject({
      status: 400,
      stream_id: 'a',
      error: { code: 'previous_response_not_found', param: 'previous_response_id' },
    });
  });
});

test('the usage adds up, and the tokens of earlier responses are cached', () => {
  const dialogue = open();
  ask(dialogue, { input: 'a longer first message, to be counted', instructions: 'Be brief.' });
  dialogue.advance(2000);
  ask(dialogue, { input: 'more', previous_response_id: at(dialogue.one('response.completed'), 'response.id') });
  dialogue.advance(2000);
  const usages = dialogue
    .all('response.completed')
    .map((event) => at(event, 'response.usage') as Record<string, number>);
  for (const usage of usages) {
    expect(usage.total_tokens).toBe((usage.input_tokens ?? 0) + (usage.output_tokens ?? 0));
  }
  expect(at(usages[0], 'input_tokens_details.cached_tokens')).toBe(0);
  expect(at(usages[1], 'input_tokens_details.cached_tokens')).toBeGreaterThan(0);
});

test.each<[string, string | Event, object]>([
  ['JSON that ends early', '{', { code: 'invalid_json' }],
  ['no type', {}, { code: 'missing_required_parameter', param: 'type' }],
  ['an event of Realtime', { type: 'session.update' }, { code: 'invalid_value', param: 'type' }],
  ['no model', { type: 'response.create', input: 'x' }, { code: 'missing_required_parameter', param: 'model' }],
  ['a number as input', { type: 'response.create', model: 'm', input: 5 }, { code: 'invalid_value', param: 'input' }],
  ['the background', { type: 'response.create', model: 'm', background: true }, { param: 'background' }],
])('%s is answered with an error, and the connection goes on', (_, event, error) => {
  const dialogue = open();
  dialogue.send(event);
  expect(dialogue.one('error')).toMatchObject({ status: 400, error: { type: 'invalid_request_error', ...error } });
  ask(dialogue, { input: 'x' });
  dialogue.advance(2000);
  dialogue.one('response.completed');
});

test('steering is refused, and the input is returned', () => {
  const dialogue = open();
  ask(dialogue, { input: 'x' });
  const previous_response_id = at(dialogue.one('response.created'), 'response.id');
  dialogue.send({ type: 'response.steer', previous_response_id, input: 'faster' });
  expect(dialogue.one('response.steer.failed')).toMatchObject({
    steer: { previous_response_id, input: 'faster' },
    error: { code: 'steering_not_supported' },
  });
});

test('a connection ends at its time limit', () => {
  const dialogue = open({ sessionCapMs: 60_000 });
  dialogue.advance(60_000);
  expect(at(dialogue.one('error'), 'error.code')).toBe('websocket_connection_limit_reached');
  expect(dialogue.closed?.code).toBe(1001);
});
