// Answers that were compressed though nobody asked.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, createGzip, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { answered, call, collector, failed, routing } from '../../../../support/routing.ts';
import { until } from '../../../../support/until.ts';

const completion = {
  id: 'c',
  object: 'chat.completion',
  model: 'first',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Good day' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 10, completion_tokens: 5 },
};
const json = Buffer.from(JSON.stringify(completion));

/** A router whose only target answers with this body. */
async function target(headers: Record<string, string>, body: Buffer, status = 200) {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(status, headers).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return routerOf(server.address() as AddressInfo);
}

function routerOf({ port }: AddressInfo, side: object = {}) {
  const baseUrl = `http://127.0.0.1:${port}/v1`;
  const one = { profile: 'openai-compatible', baseUrl, apiKey: 'x', allowPrivate: true } as const;
  return routing({
    gateways: { one },
    classes: { commodity: { targets: [{ gateway: 'one', model: 'first' }] } },
    side,
  });
}

test.each([
  ['gzip', gzipSync(json)],
  ['X-GZIP', gzipSync(json)],
  ['deflate', deflateSync(json)],
  ['br', brotliCompressSync(json)],
  ['zstd', zstdCompressSync(json)],
  ['identity', json],
  ['gzip, br', brotliCompressSync(gzipSync(json))],
])('an answer in %s is read', async (encoding, body) => {
  const { router } = await target({ 'content-encoding': encoding, 'content-type': 'application/json' }, body);
  const { text, bytes } = answered(await router.run(call()));
  expect([text, bytes?.toString()]).toEqual(['Good day', json.toString()]);
});

test('the error of a target is read, too', async () => {
  const body = gzipSync(JSON.stringify({ error: { code: 'context_length_exceeded', message: 'long' } }));
  const { router } = await target({ 'content-encoding': 'gzip' }, body, 400);
  expect(failed(await router.run(call())).message).toContain('context_length_exceeded');
});

test('a compressed stream reaches the client piece by piece', async () => {
  const more = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' });
    const gzip = createGzip();
    gzip.pipe(response);
    gzip.write('data: {"model":"first","choices":[{"delta":{"content":"Good"}}]}\n\n');
    gzip.flush();
    void more.promise.then(() =>
      gzip.end('data: {"choices":[{"delta":{"content":" day"},"finish_reason":"stop"}]}\n\n'),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { router } = routerOf(server.address() as AddressInfo);
  const sink = collector();
  const outcome = router.run(call({ llm: { isStreamed: true } }), sink);
  await until(() => sink.text().includes('Good'));
  more.resolve();
  expect(answered(await outcome).text).toBe('Good day');
  expect(sink.text()).toMatch(/day.*\n\ndata: \[DONE\]\n\n$/s);
});

test('a small answer that becomes a huge one is ended at the limit', async () => {
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
  expect(bomb.length).toBeLessThan(100_000);
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { router } = routerOf(server.address() as AddressInfo, { maxReplyBytes: 1024 * 1024 });
  expect(failed(await router.run(call())).message).toContain('more than 1048576 bytes');
});

test.each([
  ['gzip', json],
  ['compress', json],
  ['constructor', json],
  ['gzip, gzip, gzip, gzip', json],
])('an answer that is not in its encoding, %s, is unreadable, and the call goes on', async (encoding, body) => {
  const { router } = await target({ 'content-encoding': encoding }, body);
  expect(failed(await router.run(call()))).toMatchObject({ code: 'upstream_failed', isTransient: true });
});
