// Tests what a client of a streamed chat completion hears while the model thinks.

import { afterEach, expect, test } from 'vitest';
import type { Router } from '../../../../../server/side/llm/call.ts';
import { aFailure, answered, scriptedRouter, startSideHttp, type TestSide } from '../../../../support/side-http.ts';

const classes = { commodity: { targets: [{ gateway: 'router', model: 'some/model' }] } };
const router = { profile: 'openai-compatible', baseUrl: 'https://llm.example.com/v1', apiKey: 'llm-secret' };
const file = { gateways: { router }, classes, keys: [{ id: 'web', secret: 'secret-of-web' }] };
const messages = [{ role: 'user' as const, content: 'Hello' }];
let side: TestSide;

afterEach(() => side.close());

async function start(made: Router, more: Record<string, unknown> = {}): Promise<void> {
  side = await startSideHttp({ file: { ...file, ...more }, router: made });
}

const chunk = (content: string) =>
  Buffer.from(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`);

/** Reads a body piece by piece as text. */
const textOf = ({ body }: Response) =>
  (body as ReadableStream<BufferSource>).pipeThrough(new TextDecoderStream()).getReader();

test('gets its 200 and the comments of a target while the model thinks, then who serves', async () => {
  const thought = Promise.withResolvers<void>();
  await start(
    scriptedRouter(async (_, sink) => {
      sink?.opened();
      sink?.comment(Buffer.from(': PROCESSING\n\n'));
      await thought.promise;
      sink?.begin({ gateway: 'router', model: 'some/model', attempt: 'a1' });
      sink?.write(chunk('Good'));
      sink?.write(Buffer.from('data: [DONE]\n\n'));
      return answered('Good', { completion: {} });
    }),
  );
  const body = { model: '*', messages, stream: true };
  const response = await side.ask('/v1/chat/completions', { key: 'secret-of-web', json: body, method: 'POST' });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  expect(response.headers.get('x-trunkline-gateway')).toBeNull();
  const reader = textOf(response);
  expect((await reader.read()).value).toBe(': PROCESSING\n\n');
  thought.resolve();
  let rest = '';
  for (let part = await reader.read(); !part.done; part = await reader.read()) rest += part.value;
  expect(rest).toMatch(/^: \{"x-trunkline-gateway":"router","x-trunkline-attempt":"a1".*\}\n\ndata: /);
  expect(rest).toMatch(/data: \[DONE\]\n\n$/);
});

test('hears something from a silent target that has answered, and a failure after that as an event', async () => {
  const failing = Promise.withResolvers<void>();
  await start(
    scriptedRouter(async (_, sink) => {
      sink?.opened();
      await failing.promise;
      return aFailure('upstream_failed');
    }),
    { side: { keepAliveMs: 200 } },
  );
  const body = { model: '*', messages, stream: true };
  const response = await side.ask('/v1/chat/completions', { key: 'secret-of-web', json: body, method: 'POST' });
  expect(response.status).toBe(200);
  const reader = textOf(response);
  let heard = '';
  while (heard.split('keep-alive').length < 3) heard += (await reader.read()).value ?? '';
  failing.resolve();
  for (let part = await reader.read(); !part.done; part = await reader.read()) heard += part.value;
  const [last] = heard.trimEnd().split('\n\n').slice(-1);
  expect(JSON.parse((last ?? '').slice('data: '.length)).error).toMatchObject({ code: 'upstream_failed' });
});
