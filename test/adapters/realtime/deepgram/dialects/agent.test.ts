// Tests which models a Deepgram agent runs on, as a key's list sees them, and where its first message takes a context.

import { describe, expect, test } from 'vitest';
import { deepgramAgentDialect } from '../../../../../adapters/realtime/deepgram/dialects/agent.ts';
import { eventOf, frameOf } from '../../../../support/frames.ts';

const of = (model: string) => ({ provider: { type: 'some', model } });
const settings = (agent: unknown) => ({ type: 'Settings', audio: {}, agent });
const listen = of('nova-3');
const think = of('gpt-5');
const speak = of('aura-2');
const whole = settings({ listen, think, speak });

describe('models in messages', () => {
  test.each([
    [whole, ['nova-3', 'gpt-5', 'aura-2']],
    [settings({ listen, think: [think, of('claude')], speak: [speak] }), ['nova-3', 'gpt-5', 'claude', 'aura-2']],
    [
      settings({ listen, think, speak: { provider: { type: 'eleven_labs', model_id: 'turbo' } } }),
      ['nova-3', 'gpt-5', 'turbo'],
    ],
    [settings('agent-1'), ['agent-1']],
    [settings({ listen, think }), ['nova-3', 'gpt-5', '']],
    [settings({ listen, think: [think, {}], speak }), ['nova-3', 'gpt-5', 'aura-2', '']],
    [settings({ listen, think: [], speak }), ['nova-3', 'aura-2', '']],
    [settings(undefined), ['']],
    [{ type: 'UpdateThink', think }, ['gpt-5']],
    [{ type: 'UpdateThink', think: { prompt: 'p' } }, ['']],
    [{ type: 'UpdateListen', listen: of('nova-3') }, ['nova-3']],
    [{ type: 'UpdateListen', listen: { provider: { type: 'deepgram', version: 'v2' } } }, ['']],
    [{ type: 'UpdateSpeak', speak: { provider: { type: 'aws_polly', voice: 'Amy' } } }, ['']],
    [{ type: 'UpdateListen', listen }, ['nova-3']],
    [{ type: 'UpdateThink_Live', think_live: { provider: { type: 'deepgram', version: 'v1' } } }, undefined],
    [{ type: 'UpdateThink_Live', think_live: of('live-2') }, ['live-2']],
    [{ type: 'UpdateListen', listen: { provider: { keyterms: ['a'] } } }, undefined],
    [{ type: 'FunctionCallResponse', name: 'f', content: '{"model":"x"}' }, undefined],
    [{ type: 'KeepAlive' }, undefined],
  ])('the models of %j are %j', (event, names) => {
    expect(deepgramAgentDialect.modelsIn(frameOf(event))).toEqual(names);
  });

  test('models are read in a binary message that begins like an object, and not in sound', () => {
    expect(deepgramAgentDialect.modelsIn(frameOf(JSON.stringify(whole), true))).toContain('gpt-5');
    expect(deepgramAgentDialect.modelsIn(frameOf(Buffer.from([0, 0, 0x7b, 1]), true))).toBeUndefined();
    expect(deepgramAgentDialect.modelsIn(frameOf(Buffer.from([0x7b, 0x7b, 0xff]), true))).toBeUndefined();
  });

  test.each([
    ['a key twice', '{"type":"Settings","agent":"a","agent":"b"}', 'duplicate_key'],
    ['something else than JSON', "{'type':'Settings'}", 'unreadable_event'],
    [
      'a model that is no text',
      JSON.stringify(settings({ listen, think: { provider: { model: 7 } }, speak })),
      'model_not_allowed',
    ],
  ])('a message with %s is rejected', (_what, text, code) => {
    expect(deepgramAgentDialect.modelsIn(frameOf(text))).toMatchObject({ code });
  });
});

describe('the context of an earlier session', () => {
  const form = deepgramAgentDialect.context?.kind === 'in-first-message' ? deepgramAgentDialect.context : undefined;
  const note = { type: 'History', role: 'user', content: 'what was said' };

  test('the context is the oldest message of the conversation, before those of the client', () => {
    expect(eventOf(form?.merge(frameOf(whole), 'what was said') as never)).toEqual(
      settings({ listen, think, speak, context: { messages: [note] } }),
    );
    const own = { type: 'History', role: 'assistant', content: 'Hello!' };
    const context = { messages: [own], other: 1 };
    expect(eventOf(form?.merge(frameOf(settings({ think, context })), 'what was said') as never)).toEqual(
      settings({ think, context: { messages: [note, own], other: 1 } }),
    );
  });

  test.each([
    { type: 'KeepAlive' },
    settings('agent-1'),
    settings({ context: 'none' }),
    settings({ context: { messages: 'none' } }),
    'no JSON',
  ])('a first message takes no context: %j', (first) => {
    expect(form?.merge(frameOf(first), 'text')).toMatchObject({ code: 'context_not_taken' });
  });
});
