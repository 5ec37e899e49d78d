// Streams before their first word, streams of models that think, and what is charged of those that break off: answers written byte by byte.

import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { answered, call, collector, failed, pair, routing } from '../../../support/routing.ts';
import { until } from '../../../support/until.ts';
import { eventsTo, writtenAnswers } from '../../../support/written-answers.ts';

const prices = { first: { input: 1, output: 10 } };

describe('a stream that says nothing yet', () => {
  const stream = (more: Parameters<typeof call>[0] = {}) => call({ ...more, llm: { isStreamed: true, ...more.llm } });
  const role = { choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }] };
  const filtered = { choices: [], prompt_filter_results: [{ prompt_index: 0 }] };
  const said = { choices: [{ index: 0, delta: { content: 'Hello' }, finish_reason: null }] };
  const end = { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] };

  test.each([
    ['the role of who will speak', role],
    ['the filters of the prompt', filtered],
    ['a message without content', { choices: [{ delta: { role: 'assistant', content: null, tool_calls: [] } }] }],
  ])('goes on at another target though it has told %s', async (_, event) => {
    const one = await writtenAnswers((response) => {
      const send = eventsTo(response);
      send(event);
      setTimeout(() => response.end('data: {"error":{"code":502}}\n\n'), 50);
    });
    const { targets, gateways } = await pair();
    const { router } = routing({ gateways: { ...gateways, one }, classes: { commodity: { targets } } });
    const sink = collector();
    expect(answered(await router.run(stream(), sink)).gateway).toBe('two');
    expect(sink.heads).toMatchObject([{ gateway: 'two' }]);
  });

  test('reaches its client whole, and in order, once something is said', async () => {
    const one = await writtenAnswers((response) => {
      const send = eventsTo(response);
      for (const event of [filtered, role, said, end, '[DONE]']) send(event);
      response.end();
    });
    const classes = { commodity: { targets: [{ gateway: 'one', model: 'first' }] } };
    const { router } = routing({ gateways: { one }, classes });
    const sink = collector();
    answered(await router.run(stream(), sink));
    const order = ['prompt_filter_results', '"role"', 'Hello', '"finish_reason":"stop"', '[DONE]'];
    expect(order.map((word) => sink.text().indexOf(word))).toEqual(
      order.map((word) => sink.text().indexOf(word)).toSorted((a, b) => a - b),
    );
    expect(sink.text().match(/^data: /gm)).toHaveLength(5);
  });

  test.each([
    ['comments', (_: ReturnType<typeof eventsTo>, response: ServerResponse) => void response.write(': busy\n\n')],
    ['roles', (send: ReturnType<typeof eventsTo>) => void send(role)],
  ])('is ended after deadlineMs, however many %s come', async (_, write) => {
    const one = await writtenAnswers((response) => {
      const send = eventsTo(response);
      const timer = setInterval(() => write(send, response), 50);
      response.on('close', () => clearInterval(timer));
    });
    const classes = { commodity: { targets: [{ gateway: 'one', model: 'first' }], deadlineMs: 500 } };
    const { router } = routing({ gateways: { one }, classes });
    expect(failed(await router.run(stream(), collector())).code).toBe('upstream_timeout');
  });
});

describe('a model that thinks', () => {
  const gemini = [
    ...Array.from({ length: 8 }, () => ({ candidates: [{ content: { parts: [{ text: 'Hm.', thought: true }] } }] })),
    { candidates: [{ content: { parts: [{ text: 'Yes' }] }, finishReason: 'STOP' }] },
  ];
  const anthropic = [
    { type: 'message_start', message: { usage: { input_tokens: 10, output_tokens: 1 } } },
    ...Array.from({ length: 8 }, () => ({ type: 'content_block_delta', index: 0, delta: { thinking: 'Hm.' } })),
    { type: 'content_block_delta', index: 1, delta: { text: 'Yes' } },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 20 } },
  ];

  test.each([
    ['gemini', gemini],
    ['anthropic', anthropic],
  ] as const)('is not cut by deadlineMs while its thoughts come from %s', async (profile, events) => {
    const one = await writtenAnswers(async (response) => {
      const send = eventsTo(response);
      for (const event of events) {
        send(event);
        await delay(100);
      }
      response.end();
    }, profile);
    const classes = { commodity: { targets: [{ gateway: 'one', model: 'first' }], deadlineMs: 600 } };
    const { router } = routing({ gateways: { one }, classes });
    const outcome = answered(await router.run(call({ llm: { isStreamed: true } }), collector()));
    expect(outcome.text).toBe('Yes');
  });
});

test('a whole answer that flows is not cut by deadlineMs, one that only keeps its connection open is', async () => {
  const text = JSON.stringify({ choices: [{ message: { content: 'Slow but sure' }, finish_reason: 'stop' }] });
  const pieces = text.match(/.{1,9}/gs) ?? [];
  for (const [parts, expected] of [
    [pieces, 'answered'],
    [[...pieces.map(() => '\n'), text], 'failed'],
  ] as const) {
    const one = await writtenAnswers(async (response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      for (const part of parts) {
        response.write(part);
        await delay(100);
      }
      response.end();
    });
    const classes = { commodity: { targets: [{ gateway: 'one', model: 'first' }], deadlineMs: 600 } };
    const outcome = await routing({ gateways: { one }, classes }).router.run(call());
    expect(outcome.kind).toBe(expected);
  }
});

describe('what a stream that breaks off is charged', () => {
  const said = 'x'.repeat(400);
  const broken =
    (profile: string, events: readonly object[], more: object = {}) =>
    async () => {
      const one = await writtenAnswers(async (response) => {
        const send = eventsTo(response);
        for (const event of events) send(event);
        await delay(30);
        response.destroy();
      }, profile);
      const classes = { commodity: { targets: [{ gateway: 'one', model: 'first' }] } };
      const { router, store } = routing({ gateways: { one: { ...one, ...more } }, classes, prices });
      failed(await router.run(call({ llm: { isStreamed: true, maxTokens: 5000 } }), collector()));
      const [row] = await store.settled();
      return row;
    };
  const begun = { type: 'message_start', message: { model: 'first', usage: { input_tokens: 7, output_tokens: 1 } } };

  test('is what came of it, where the endpoint counts only its beginning', async () => {
    const row = await broken('anthropic', [
      begun,
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: said } },
    ])();
    expect(row).toMatchObject({ usage: { inputTokens: 7, outputTokens: 100 }, costMicroUsd: 7 + 1000 });
    expect(row?.flags).toEqual(['no_usage']);
  });

  test.each([
    ['anthropic', [begun, { type: 'content_block_delta', index: 0, delta: { thinking: said } }]],
    ['gemini', [{ candidates: [{ content: { parts: [{ text: said, thought: true }] } }] }]],
    ['openai-compatible', [{ choices: [{ delta: { reasoning_content: said } }] }]],
    ['openai-compatible', [{ choices: [{ delta: { function_call: { name: 'f', arguments: said.slice(1) } } }] }]],
  ])('counts thoughts and calls of %s as well', async (profile, events) => {
    const row = await broken(profile, events)();
    expect(row?.usage.outputTokens).toBe(100);
  });

  test('is its reservation, where the endpoint bills a stream to its end though its client has left', async () => {
    for (const [billsAbandoned, most] of [
      [false, 1000],
      [true, Number.POSITIVE_INFINITY],
    ] as const) {
      const one = await writtenAnswers((response) => {
        eventsTo(response)({ choices: [{ delta: { content: 'Hello' } }] });
      });
      const classes = { commodity: { targets: [{ gateway: 'one', model: 'first' }] } };
      const { router, store } = routing({ gateways: { one: { ...one, billsAbandoned } }, classes, prices });
      const client = new AbortController();
      const sink = collector();
      const running = router.run(call({ llm: { isStreamed: true, maxTokens: 5000 }, signal: client.signal }), sink);
      await until(() => sink.text().includes('Hello'));
      client.abort();
      failed(await running);
      const [row] = await store.settled();
      expect(row?.outcome).toBe('cancelled');
      expect(row?.costMicroUsd).toBeLessThan(most);
      if (billsAbandoned) expect(row?.costMicroUsd).toBeGreaterThan(5000 * 10);
    }
  });
});

test.each([
  ['is silent after its head', [], 0],
  [
    'is silent after a thought',
    [{ candidates: [{ content: { parts: [{ text: 'x'.repeat(40), thought: true }] } }] }],
    10,
  ],
])(
  'a stream that %s is charged for its prompt and what came, since the endpoint may work on it',
  async (_, events, output) => {
    const one = await writtenAnswers((response) => {
      const send = eventsTo(response);
      for (const event of events) send(event);
    }, 'gemini');
    const classes = { commodity: { targets: [{ gateway: 'one', model: 'first' }], timeoutMs: 400 } };
    const { router, store } = routing({ gateways: { one }, classes, prices });
    expect(failed(await router.run(call({ llm: { isStreamed: true } }), collector())).code).toBe('upstream_timeout');
    const [row] = await store.settled();
    expect(row?.usage.inputTokens).toBeGreaterThan(0);
    expect(row?.costMicroUsd).toBe((row?.usage.inputTokens ?? 0) + 10 * output);
  },
);

test('a thought before an error event is charged', async () => {
  const one = await writtenAnswers((response) => {
    const send = eventsTo(response);
    send({ candidates: [{ content: { parts: [{ text: 'x'.repeat(40), thought: true }] } }] });
    setTimeout(() => response.end('data: {"error":{"code":503,"status":"UNAVAILABLE"}}\n\n'), 30);
  }, 'gemini');
  const classes = { commodity: { targets: [{ gateway: 'one', model: 'first' }] } };
  const { router, store } = routing({ gateways: { one }, classes, prices });
  failed(await router.run(call({ llm: { isStreamed: true } }), collector()));
  expect(await store.settled()).toMatchObject([{ usage: { outputTokens: 10 } }]);
});

test('a whole answer that does not say why it ended does not say so as a stream either', async () => {
  const one = await writtenAnswers((response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ model: 'first', choices: [{ message: { role: 'assistant', content: 'Hello' } }] }));
  });
  const classes = { commodity: { targets: [{ gateway: 'one', model: 'first' }] } };
  const sink = collector();
  answered(await routing({ gateways: { one }, classes }).router.run(call({ llm: { isStreamed: true } }), sink));
  expect(sink.text()).toContain('"content":"Hello"');
  expect(sink.text()).toContain('"finish_reason":null');
});

describe('an error that its head calls a stream', () => {
  test.each([
    ['{"error":{"message":"too long","code":"context_length_exceeded","type":"invalid_request_error"}}', 400],
    ['[{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"slow down"}}]', 429],
    ['{"object":"error","message":"no","type":"BadRequestError","code":400}', 400],
  ])('is that error: %s', async (body, status) => {
    const one = await writtenAnswers((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(body);
    });
    const classes = { commodity: { targets: [{ gateway: 'one', model: 'first' }] } };
    const { router, store } = routing({ gateways: { one }, classes, prices });
    const sink = collector();
    expect(failed(await router.run(call({ llm: { isStreamed: true } }), sink)).status).toBe(status);
    expect([sink.text(), sink.comments]).toEqual(['', []]);
    expect(await store.settled()).toMatchObject([{ costMicroUsd: 0 }]);
  });
});
