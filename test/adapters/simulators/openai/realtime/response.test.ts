// Responses: their requests, ends and usage.

import { describe, expect, test } from 'vitest';
import { concatSamples, pcm16Bytes } from '../../../../../codecs/audio/pcm16.ts';
import { encodeBase64 } from '../../../../../codecs/text/base64.ts';
import { at, Dialogue, silence, tone } from '../../../../support/dialogue.ts';

function open(options: object = {}): Dialogue {
  const times = { firstAudioMs: 100, firstTextMs: 100, tokenMs: 10, audioSpeed: 10 };
  const dialogue = new Dialogue('/v1/realtime?model=m', { options: { times, ...options } });
  dialogue.clear();
  return dialogue;
}

function write(dialogue: Dialogue, text: string): void {
  const content = [{ type: 'input_text', text }];
  dialogue.send({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content } });
}

const inText = { output_modalities: ['text'] };
const weather = {
  type: 'function',
  name: 'weather',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};

function ask(dialogue: Dialogue, response: object = inText): void {
  dialogue.send({ type: 'response.create', response });
  dialogue.advance(3000);
}

describe('response.create', () => {
  test('overrides the session for one response, and returns its metadata', () => {
    const dialogue = open();
    write(dialogue, 'hello');
    const metadata = { client_event_id: 'abc' };
    ask(dialogue, { ...inText, metadata, max_output_tokens: 4000 });
    const [created, done] = [dialogue.one('response.created'), dialogue.one('response.done')];
    for (const event of [created, done]) {
      expect(event.response).toMatchObject({ metadata, output_modalities: ['text'], max_output_tokens: 4000 });
    }
    expect(at(done, 'response.id')).toBe(at(created, 'response.id'));
    ask(dialogue, {});
    expect(at(dialogue.all('response.done')[1], 'response.output_modalities')).toEqual(['audio']);
  });

  test('is refused while a response is active, and changes nothing', () => {
    const dialogue = open();
    write(dialogue, 'hello');
    dialogue.send({ type: 'response.create', response: inText });
    dialogue.send({ type: 'response.create', response: inText, event_id: 'second' });
    dialogue.advance(3000);
    expect(dialogue.one('error').error).toMatchObject({
      code: 'conversation_already_has_active_response',
      event_id: 'second',
    });
    dialogue.one('response.done');
  });

  test('runs beside the conversation when it asks for none, and leaves no item', () => {
    const dialogue = open();
    write(dialogue, 'hello');
    dialogue.send({ type: 'response.create', response: inText });
    dialogue.clear();
    const input = [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'only this' }] }];
    dialogue.send({ type: 'response.create', response: { ...inText, conversation: 'none', input } });
    dialogue.advance(3000);
    const done = dialogue.all('response.done').find((event) => at(event, 'response.conversation_id') === null);
    expect(at(done, 'response.output.0.content.0.text')).toContain('You wrote: only this');
    expect(dialogue.all('conversation.item.added').length).toBe(1);
    expect(dialogue.all('response.done').length).toBe(2);
  });

  test('answers the items that it refers to', () => {
    const dialogue = open();
    write(dialogue, 'first');
    const first = at(dialogue.all('conversation.item.added')[0], 'item.id');
    write(dialogue, 'second');
    ask(dialogue, { ...inText, conversation: 'none', input: [{ type: 'item_reference', id: first }] });
    expect(dialogue.one('response.output_text.done').text).toContain('You wrote: first');
  });

  test.each([
    ['an unknown modality', { output_modalities: ['video'] }, 'response.output_modalities[0]'],
    ['too many tokens', { max_output_tokens: 5000 }, 'response.max_output_tokens'],
    ['an unknown conversation', { conversation: 'other' }, 'response.conversation'],
    ['a reference to nothing', { input: [{ type: 'item_reference', id: 'x' }] }, 'response.input'],
  ])('is refused with %s', (_, response, param) => {
    const dialogue = open();
    dialogue.send({ type: 'response.create', response });
    expect(dialogue.types).toEqual(['error']);
    expect(at(dialogue.one('error'), 'error.param')).toBe(param);
  });
});

describe('a response that is cancelled', () => {
  test('keeps the part that was streamed', () => {
    const dialogue = open();
    write(dialogue, 'hello');
    dialogue.send({ type: 'response.create', response: inText });
    dialogue.advance(130);
    dialogue.send({ type: 'response.cancel', response_id: at(dialogue.one('response.created'), 'response.id') });
    const text = dialogue
      .all('response.output_text.delta')
      .map(({ delta }) => delta)
      .join('');
    expect(text).toBe('This is the rehearsal');
    expect(dialogue.one('response.done').response).toMatchObject({
      status: 'cancelled',
      status_details: { type: 'cancelled', reason: 'client_cancelled' },
      output: [{ status: 'incomplete', content: [{ text }] }],
    });
    const said = dialogue.messages.length;
    dialogue.advance(3000);
    expect(dialogue.messages.length).toBe(said);
  });

  test('sends no audio when the speech comes later', () => {
    const times = { firstAudioMs: 100, tokenMs: 10 };
    const dialogue = new Dialogue('/v1/realtime?model=m', { options: { times }, synthesisMs: 900 });
    write(dialogue, 'hello');
    dialogue.send({ type: 'response.create' });
    dialogue.advance(400);
    dialogue.send({ type: 'response.cancel' });
    dialogue.clear();
    dialogue.advance(3000);
    expect(dialogue.spoken.length).toBe(1);
    expect(dialogue.messages).toEqual([]);
  });

  test('is refused for an id that is not active', () => {
    const dialogue = open();
    write(dialogue, 'hello');
    dialogue.send({ type: 'response.create', response: inText });
    dialogue.send({ type: 'response.cancel', response_id: 'resp_other' });
    expect(at(dialogue.one('error'), 'error.code')).toBe('response_cancel_not_active');
    dialogue.advance(3000);
    expect(at(dialogue.one('response.done'), 'response.status')).toBe('completed');
  });
});

describe('max_output_tokens', () => {
  test('makes a text incomplete', () => {
    const dialogue = open();
    write(dialogue, 'hello');
    ask(dialogue, { ...inText, max_output_tokens: 5 });
    expect(dialogue.one('response.done').response).toMatchObject({
      status: 'incomplete',
      status_details: { type: 'incomplete', reason: 'max_output_tokens' },
      output: [{ status: 'incomplete', content: [{ text: 'This is the' }] }],
      usage: { output_tokens: 3 },
    });
  });

  test('makes speech incomplete', () => {
    const dialogue = open();
    write(dialogue, 'hello');
    ask(dialogue, { max_output_tokens: 30 });
    const { response } = dialogue.one('response.done');
    expect(response).toMatchObject({ status: 'incomplete', status_details: { reason: 'max_output_tokens' } });
    expect(at(response, 'usage.output_tokens')).toBeLessThanOrEqual(30);
  });
});

describe('a function', () => {
  test('is called when the text asks for it, with arguments that fit, and its result is answered', () => {
    const dialogue = open();
    write(dialogue, 'How is it outside? Use the weather tool.');
    ask(dialogue, { ...inText, tools: [{ type: 'mcp', server_label: 'x' }, weather] });
    const done = dialogue.one('response.function_call_arguments.done');
    expect(done).toMatchObject({ name: 'weather', arguments: '{"city":"rehearsal"}' });
    expect(done.call_id).toMatch(/^call_\w{16}$/);
    const deltas = dialogue.all('response.function_call_arguments.delta').map(({ delta }) => delta);
    expect(deltas.join('')).toBe('{"city":"rehearsal"}');
    expect(deltas.length).toBeGreaterThan(1);
    expect(at(dialogue.one('response.done'), 'response.output.0')).toMatchObject({
      type: 'function_call',
      status: 'completed',
      call_id: done.call_id,
    });
    dialogue.clear();
    const item = { type: 'function_call_output', call_id: done.call_id, output: '21 degrees' };
    dialogue.send({ type: 'conversation.item.create', item });
    ask(dialogue, { ...inText, tools: [weather], tool_choice: 'required' });
    expect(dialogue.one('response.output_text.done').text).toContain('The tool weather answered: 21 degrees');
  });

  test('comes in the order of the provider', () => {
    const dialogue = open();
    write(dialogue, 'x');
    dialogue.clear();
    ask(dialogue, { ...inText, tools: [weather], tool_choice: 'required' });
    expect(dialogue.types).toEqual([
      'response.created',
      'response.output_item.added',
      'conversation.item.added',
      'response.function_call_arguments.delta',
      'response.function_call_arguments.done',
      'response.output_item.done',
      'conversation.item.done',
      'response.done',
      'rate_limits.updated',
    ]);
  });

  test('is not called when nobody asks for it, and words are answered with words', () => {
    const dialogue = open();
    write(dialogue, 'How is the weather?');
    ask(dialogue, { ...inText, tools: [weather] });
    expect(dialogue.one('response.output_text.done').text).toContain('You wrote: How is the weather?');
  });

  test('is not called when the choice is none, and the chosen one is called', () => {
    const clock = { type: 'function', name: 'clock' };
    const dialogue = open();
    write(dialogue, 'call weather');
    ask(dialogue, { ...inText, tools: [weather, clock], tool_choice: 'none' });
    dialogue.one('response.output_text.done');
    ask(dialogue, { ...inText, tools: [weather, clock], tool_choice: { type: 'function', name: 'clock' } });
    expect(dialogue.one('response.function_call_arguments.done')).toMatchObject({ name: 'clock', arguments: '{}' });
  });

  test.each([
    ['required', 'response.function_call_arguments.done'],
    ['auto', 'response.output_audio_transcript.done'],
  ])('with the choice %s of the session, a spoken turn is answered by %s', (tool_choice, answer) => {
    const dialogue = open();
    dialogue.send({ type: 'session.update', session: { type: 'realtime', tools: [weather], tool_choice } });
    const audio = encodeBase64(pcm16Bytes(concatSamples([tone(1000, 24_000), silence(700, 24_000)])));
    dialogue.send({ type: 'input_audio_buffer.append', audio });
    dialogue.advance(20_000);
    dialogue.one(answer);
  });
});

describe('usage', () => {
  interface Usage {
    readonly total_tokens: number;
    readonly input_tokens: number;
    readonly output_tokens: number;
    readonly input_token_details: Record<string, number> & { readonly cached_tokens_details: Record<string, number> };
    readonly output_token_details: Record<string, number>;
  }

  const sum = (details: Record<string, number>) =>
    ['text_tokens', 'audio_tokens', 'image_tokens'].reduce((total, name) => total + (details[name] ?? 0), 0);

  function conversation(): Usage[] {
    const dialogue = open();
    dialogue.send({ type: 'session.update', session: { type: 'realtime', instructions: 'Be kind. '.repeat(40) } });
    const turn = encodeBase64(pcm16Bytes(concatSamples([tone(4000, 24_000), silence(700, 24_000)])));
    for (let i = 0; i < 4; i++) {
      dialogue.send({ type: 'input_audio_buffer.append', audio: turn });
      dialogue.advance(3000);
      write(dialogue, `turn ${i}`);
      ask(dialogue);
    }
    return dialogue.all('response.done').map((done) => at(done, 'response.usage') as Usage);
  }

  test('adds up in every response', () => {
    const all = conversation();
    expect(all.length).toBe(8);
    for (const usage of all) {
      expect(usage.total_tokens).toBe(usage.input_tokens + usage.output_tokens);
      expect(usage.input_tokens).toBe(sum(usage.input_token_details));
      expect(usage.output_tokens).toBe(sum(usage.output_token_details));
      expect(usage.input_token_details.cached_tokens).toBe(sum(usage.input_token_details.cached_tokens_details));
      expect(usage.input_token_details.cached_tokens).toBeLessThanOrEqual(usage.input_tokens);
    }
  });

  test('grows with the conversation, and counts paid tokens as cached', () => {
    const all = conversation();
    const inputs = all.map((usage) => usage.input_tokens);
    expect(inputs).toEqual([...inputs].sort((a, b) => a - b));
    expect(all[0]?.input_token_details.cached_tokens).toBe(0);
    expect(all.at(-1)?.input_token_details.cached_tokens).toBeGreaterThan(0);
  });
});

test.each(['start', 'end'] as const)('rate limits are sent at the %s of a response', (rateLimits) => {
  const dialogue = open({ rateLimits });
  write(dialogue, 'x');
  dialogue.clear();
  ask(dialogue);
  expect(dialogue.types.indexOf('rate_limits.updated')).toBe(rateLimits === 'start' ? 1 : dialogue.types.length - 1);
  expect(dialogue.one('rate_limits.updated').rate_limits).toMatchObject([{ name: 'requests' }, { name: 'tokens' }]);
});
