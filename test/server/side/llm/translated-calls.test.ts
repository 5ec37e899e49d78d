// Calls with tools and images on endpoints of other forms than chat completions, over real sockets: they are translated, go to the next
// target, or are refused.

import { expect, test } from 'vitest';
import { answered, at, call, failed, gateway, routing } from '../../../support/routing.ts';

const tools = [{ type: 'function', function: { name: 'weather', parameters: { type: 'object' } } }];
const messages = [{ role: 'user', content: 'Is it warm in Bonn?' }];
const asking = { llm: { messages, extra: { tools } } };

const forms = {
  anthropic: {
    id: 'msg_1',
    model: 'claude-x',
    content: [{ type: 'tool_use', id: 'toolu_1', name: 'weather', input: { city: 'Bonn' } }],
    stop_reason: 'tool_use',
    usage: { input_tokens: 10, output_tokens: 5 },
  },
  gemini: {
    responseId: 'r-1',
    modelVersion: 'gemini-x',
    candidates: [
      { content: { parts: [{ functionCall: { name: 'weather', args: { city: 'Bonn' } } }] }, finishReason: 'STOP' },
    ],
    usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5 },
  },
} as const;

test.each(['anthropic', 'gemini'] as const)(
  '%s: a tool that the model wants to call becomes a tool call',
  async (profile) => {
    const a = await gateway({ behaviour: { body: JSON.stringify(forms[profile]) } });
    const { router } = routing({
      gateways: { one: at(a, { profile }) },
      classes: { commodity: { targets: [{ gateway: 'one', model: 'first' }] } },
    });
    const { completion, usage, finish } = answered(await router.run(call(asking)));
    expect(completion).toMatchObject({
      object: 'chat.completion',
      choices: [
        {
          message: { content: null, tool_calls: [{ function: { name: 'weather', arguments: '{"city":"Bonn"}' } }] },
          finish_reason: 'tool_calls',
        },
      ],
    });
    expect([finish, usage]).toMatchObject(['tool_calls', { inputTokens: 10, outputTokens: 5 }]);
  },
);

test('a schema beside tools goes past a model that has none to one that has, and its answer is the text', async () => {
  const text = '{"city":"Bonn"}';
  const said = { ...forms.anthropic, content: [{ type: 'text', text }], stop_reason: 'end_turn' };
  const [a, b] = [await gateway(), await gateway({ behaviour: { body: JSON.stringify(said) } })];
  const { router } = routing({
    gateways: { one: at(a, { profile: 'gemini' }), two: at(b, { profile: 'anthropic' }) },
    classes: {
      commodity: {
        targets: [
          { gateway: 'one', model: 'gemini-2.5-pro' },
          { gateway: 'two', model: 'claude-sonnet-4-5' },
        ],
      },
    },
  });
  const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
  const response_format = { type: 'json_schema', json_schema: { name: 'place', schema } };
  const outcome = answered(await router.run(call({ llm: { messages, extra: { tools, response_format } } })));
  expect(outcome).toMatchObject({ gateway: 'two', text, finish: 'stop' });
  expect([a.count.requests, b.seen[0]?.body]).toMatchObject([
    0,
    { tools: [{ name: 'weather' }], output_config: { format: { schema: { ...schema, additionalProperties: false } } } },
  ]);
});

test('a call that one endpoint has no form for goes to the next; where none has, it is a 400 and nothing is sent', async () => {
  const [a, b] = [await gateway(), await gateway()];
  const gateways = { one: at(a, { profile: 'anthropic' }), two: at(b) };
  const targets = [
    { gateway: 'one', model: 'first' },
    { gateway: 'two', model: 'second' },
  ];
  const audio = { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } };
  const heard = { llm: { messages: [{ role: 'user', content: [audio] }] } };
  const both = routing({ gateways, classes: { commodity: { targets } } });
  expect(answered(await both.router.run(call(heard))).gateway).toBe('two');
  const alone = routing({ gateways, classes: { commodity: { targets: targets.slice(0, 1) } } });
  expect(failed(await alone.router.run(call(heard)))).toMatchObject({
    status: 400,
    isTransient: false,
    message: 'one/first: this endpoint has no form for files of the type audio/wav in Trunkline',
  });
  expect([a.count.requests, b.count.requests]).toEqual([0, 1]);
});

test('an answer that the model gave up goes to the next target, is charged for its tokens, and is a 502 where there is none', async () => {
  const body = JSON.stringify({
    candidates: [{ finishReason: 'MALFORMED_FUNCTION_CALL' }],
    usageMetadata: { promptTokenCount: 50, candidatesTokenCount: 0 },
  });
  const [a, b] = [await gateway({ behaviour: { body } }), await gateway()];
  const gateways = { one: at(a, { profile: 'gemini' }), two: at(b) };
  const targets = [
    { gateway: 'one', model: 'first' },
    { gateway: 'two', model: 'second' },
  ];
  const prices = { first: { input: 1, output: 1 } };
  const both = routing({ gateways, prices, classes: { commodity: { targets } } });
  expect(answered(await both.router.run(call(asking))).gateway).toBe('two');
  const rows = await both.store.settled();
  expect(rows.find(({ gateway: name }) => name === 'one')).toMatchObject({ outcome: 'aborted', costMicroUsd: 50 });
  const alone = routing({ gateways, classes: { commodity: { targets: targets.slice(0, 1) } } });
  expect(failed(await alone.router.run(call(asking)))).toMatchObject({
    status: 502,
    isTransient: true,
    message: 'one/first: the answer ended in a fault (MALFORMED_FUNCTION_CALL)',
  });
});
