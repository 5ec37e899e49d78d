// Streams whose head does not say that they are streams, and whole answers where a stream was asked for.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { answered, call, collector, failed, routing } from '../../../../support/routing.ts';

interface Served {
  readonly body: string;
  readonly type?: string | undefined;
  /** The body comes byte by byte. */
  readonly isSlow?: boolean;
  /** The connection stays open, or is reset, behind the body. */
  readonly after?: 'open' | 'reset';
}

async function target({ body, type, isSlow, after }: Served) {
  const server = createServer(async (request, response) => {
    request.resume();
    response.writeHead(200, type === undefined ? {} : { 'content-type': type });
    for (const byte of isSlow ? Buffer.from(body) : []) {
      response.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (!isSlow) response.write(body);
    if (after === undefined) response.end();
    if (after === 'reset') setTimeout(() => response.destroy(), 100);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const one = { profile: 'openai-compatible', baseUrl, apiKey: 'x', allowPrivate: true } as const;
  const targets = [{ gateway: 'one', model: 'first', timeoutMs: 500 }];
  return routing({ gateways: { one }, classes: { commodity: { targets } } }).router;
}

const streamed = (extra = {}) => call({ llm: { isStreamed: true, extra } });
const chunk = 'data: {"model":"first","choices":[{"delta":{"content":"Hello"},"finish_reason":"stop"}]}\n\n';
const spelled = chunk.replace('data: ', 'data:').replaceAll('\n', '\r\n');

test.each([
  ['without a content type', { body: chunk }],
  ['of text/plain, byte by byte', { body: chunk, type: 'text/plain', isSlow: true }],
  ['of application/json', { body: `: hello\n\n${chunk}`, type: 'application/json' }],
  ['with a byte order mark', { body: `\ufeff${chunk}` }],
  [
    'with a byte order mark and its type, byte by byte',
    { body: `\ufeff${chunk}`, type: 'text/event-stream', isSlow: true },
  ],
  ['with CR LF, and no space behind the colon', { body: spelled, type: 'text/event-stream' }],
  ['with CR alone', { body: chunk.replaceAll('\n', '\r'), type: 'text/event-stream' }],
  ['with its type in capitals', { body: chunk, type: 'TEXT/EVENT-STREAM; charset=UTF-8' }],
  ['that begins with another field, and an empty line', { body: `\nid: 7\n${chunk}` }],
])('a stream %s is read', async (_, served) => {
  const router = await target(served);
  const sink = collector();
  expect(answered(await router.run(streamed(), sink))).toMatchObject({ text: 'Hello', finish: 'stop' });
  expect(sink.text()).toContain('Hello');
  expect(sink.text()).not.toContain('\ufeff');
  expect(sink.text()).toMatch(/data: \[DONE\]\n\n$/);
});

test.each(['open', 'reset'] as const)(
  'a stream whose connection is %s behind its last word is complete',
  async (after) => {
    const router = await target({ body: chunk, type: 'text/event-stream', after });
    const sink = collector();
    expect(answered(await router.run(streamed(), sink)).text).toBe('Hello');
    expect(sink.text()).toMatch(/data: \[DONE\]\n\n$/);
  },
);

test('a stream without its last word is not, whatever its connection does', async () => {
  const body = 'data: {"choices":[{"delta":{"content":"Hel"}}]}\n\n';
  for (const after of ['open', 'reset', undefined] as const) {
    const router = await target({ body, type: 'text/event-stream', ...(after ? { after } : {}) });
    const sink = collector();
    failed(await router.run(streamed(), sink));
    expect(sink.text()).not.toContain('[DONE]');
  }
});

const calls = [{ id: 'call_1', type: 'function', function: { name: 'look', arguments: '{}' } }];
const whole = (message: object, finish = 'stop') =>
  JSON.stringify({
    id: 'c',
    object: 'chat.completion',
    model: 'first-2026',
    choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: finish }],
    usage: { prompt_tokens: 10, completion_tokens: 5 },
  });

test('a whole answer, with or without its type, reaches a client that asked for a stream as one', async () => {
  for (const type of ['application/json', undefined]) {
    const router = await target({ body: `\ufeff ${whole({ content: 'Hello' })}`, type });
    const sink = collector();
    const outcome = answered(await router.run(streamed({ stream_options: { include_usage: true } }), sink));
    expect(outcome).toMatchObject({ text: 'Hello', served: 'first-2026', usage: { inputTokens: 10 } });
    const events = sink.text().split('\n\n').filter(Boolean);
    expect(events).toHaveLength(3);
    expect(JSON.parse((events[0] as string).slice(6))).toMatchObject({
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
    });
    expect(JSON.parse((events[1] as string).slice(6))).toMatchObject({ choices: [], usage: { prompt_tokens: 10 } });
    expect(events[2]).toBe('data: [DONE]');
  }
});

test('calls of tools in such an answer have their numbers', async () => {
  const router = await target({ body: whole({ content: null, tool_calls: calls }, 'tool_calls') });
  const sink = collector();
  answered(await router.run(streamed(), sink));
  expect(JSON.parse((sink.text().split('\n\n')[0] as string).slice(6)).choices[0]).toMatchObject({
    delta: { tool_calls: [{ index: 0, id: 'call_1' }] },
    finish_reason: 'tool_calls',
  });
});

test('an error that comes as JSON where a stream was asked for keeps its meaning', async () => {
  const router = await target({ body: '{"error":{"code":429,"message":"slow down"}}', type: 'application/json' });
  expect(failed(await router.run(streamed(), collector()))).toMatchObject({ code: 'rate_limited', status: 429 });
});

test('what is neither a stream nor JSON is unreadable', async () => {
  for (const body of ['<html>Welcome</html>', 'date: 7', '', 'dat']) {
    const router = await target({ body, type: 'text/html' });
    expect(failed(await router.run(streamed(), collector()))).toMatchObject({ code: 'upstream_failed' });
  }
});

test('a whole answer with a byte order mark and without a type is read', async () => {
  const router = await target({ body: `\ufeff${whole({ content: 'Hello' })}` });
  expect(answered(await router.run(call())).text).toBe('Hello');
});
