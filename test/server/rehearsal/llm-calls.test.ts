// The LLM gateway of the rehearsal over HTTP.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningRehearsal, startRehearsal } from '../../../server/rehearsal/host.ts';
import { MAX_LLM_CALL_BYTES } from '../../../server/rehearsal/llm-calls.ts';

let rehearsal: RunningRehearsal;
beforeAll(async () => {
  rehearsal = await startRehearsal();
});
afterAll(() => rehearsal.close());

const ask = (body: string, headers: Record<string, string> = {}) =>
  fetch(`http://127.0.0.1:${rehearsal.port}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
const question = { model: 'rehearsal', messages: [{ role: 'user', content: 'Good morning.' }] };

test('the rehearsal answers a chat completion', async () => {
  const reply = await ask(JSON.stringify(question));
  expect(reply.status).toBe(200);
  expect(await reply.json()).toMatchObject({ model: 'rehearsal', choices: [{ finish_reason: 'stop' }] });
});

test('the rehearsal streams a chat completion', async () => {
  const reply = await ask(JSON.stringify({ ...question, stream: true }));
  expect(reply.headers.get('content-type')).toBe('text/event-stream');
  expect(await reply.text()).toMatch(/^data: .*\n\ndata: [\s\S]*data: \[DONE\]\n\n$/);
});

test('the words of a stream come one after the other', async () => {
  const reply = await ask(JSON.stringify({ ...question, stream: true }));
  const [first, ...pieces] = (await reply.text()).split('\n\n').map((event) => event.replace('data: ', ''));
  const deltas = pieces.slice(0, -3).map((piece) => JSON.parse(piece).choices[0].delta.content);
  expect(JSON.parse(first ?? '').choices[0].delta).toEqual({ role: 'assistant', content: '' });
  expect(deltas).toEqual(['This', ' is', ' the', ' rehearsal', ' provider.', ' You', ' wrote:', ' Good', ' morning.']);
  const again = await ask(JSON.stringify({ ...question, stream: true }));
  const { value } = (await again.body?.getReader().read()) ?? {};
  expect(Buffer.from(value ?? []).toString()).not.toContain('[DONE]');
});

test('the rehearsal refuses a body that is too large, and goes on', async () => {
  const reply = await ask('x'.repeat(MAX_LLM_CALL_BYTES + 1));
  expect(reply.status).toBe(413);
  expect(await reply.json()).toMatchObject({ error: { type: 'invalid_request_error' } });
  expect((await ask(JSON.stringify(question))).status).toBe(200);
});

test('the rehearsal refuses web pages', async () => {
  expect((await ask(JSON.stringify(question), { origin: 'https://example.com' })).status).toBe(403);
});

test('the rehearsal answers no other method', async () => {
  const reply = await fetch(`http://127.0.0.1:${rehearsal.port}/v1/chat/completions`);
  expect(reply.status).toBe(404);
});
