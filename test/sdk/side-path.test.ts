// Runs the whole side path as a newcomer finds it: no key, no configuration; a call, its summary, a chat completion, the ledger.

import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openClient } from '../support/gateway.ts';
import { closed, message } from '../support/inbox.ts';
import { sample } from '../support/metrics.ts';
import { type ServedGateway, serveGateway } from '../support/sdk.ts';
import { runCommand } from '../support/served.ts';
import { until } from '../support/until.ts';

let gateway: ServedGateway;

beforeAll(async () => {
  const times = { firstAudioMs: 10, firstTextMs: 10, tokenMs: 1, audioSpeed: 100 };
  gateway = await serveGateway({ rehearsal: { times, awaitPlayback: false } });
}, 60_000);
afterAll(() => gateway?.close());

const id = '01900000-0000-4000-8000-00000000000a';

test('a call ends with its tasks, and its events end with them', { timeout: 60_000 }, async () => {
  const client = await openClient(`${gateway.ws}/v1/realtime?model=gpt-realtime-2.1&trunkline-session=${id}`);
  const content = [{ type: 'input_text', text: 'My invoice is wrong. Please send it again.' }];
  client.send(JSON.stringify({ type: 'session.update', session: { type: 'realtime', output_modalities: ['text'] } }));
  client.send(JSON.stringify({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content } }));
  client.send(JSON.stringify({ type: 'response.create' }));
  const isDone = async () => JSON.parse(String((await message(client)).data)).type === 'response.done';
  while (!(await isDone())) {}
  client.close(1000);
  await closed(client);
  await until(async () => (await fetch(`${gateway.http}/v1/sessions/${id}/events`, { method: 'HEAD' })).ok);
  const events = await (await fetch(`${gateway.http}/v1/sessions/${id}/events`)).text();
  expect(events).toContain('event: session.ended');
  expect(events.match(/^event: task\.done$/gm)?.length).toBeGreaterThanOrEqual(5);
  const session = (await (await fetch(`${gateway.http}/v1/sessions/${id}`)).json()) as Record<string, unknown[]>;
  expect(session).toMatchObject({ id, state: 'closed', isRehearsal: true, turns: [{ user: content[0]?.text }] });
  expect(session.tasks).toContainEqual(
    expect.objectContaining({ kind: 'summary', state: 'done', isRehearsal: true, result: expect.anything() }),
  );
  expect(session.ledger).toContainEqual(expect.objectContaining({ kind: 'realtime', path: 'direct' }));
});

test('the SDK gets chat completions of the rehearsal, whole and streamed, and they are counted', async () => {
  const openai = new OpenAI({ baseURL: `${gateway.http}/v1`, apiKey: 'any' });
  const messages = [{ role: 'user' as const, content: 'My invoice is wrong. Please send it again.' }];
  const { data, response } = await openai.chat.completions.create({ model: 'any', messages }).withResponse();
  expect(data.choices[0]?.message.content).not.toBe('');
  expect(response.headers.get('x-trunkline-rehearsal')).toBe('true');
  let text = '';
  for await (const piece of await openai.chat.completions.create({ model: 'any', messages, stream: true })) {
    text += piece.choices[0]?.delta.content ?? '';
  }
  expect(text).not.toBe('');
  // The row is settled a moment after the answer.
  const counted = async () => {
    const metrics = await (await fetch(`${gateway.admin}/metrics`)).text();
    return sample(metrics, 'trunkline_side_attempts_total', { kind: 'chat', outcome: 'ok' });
  };
  await expect.poll(counted, { timeout: 10_000 }).toBe(2);
});

test('the command sees the same ledger', { timeout: 60_000 }, async () => {
  const report = runCommand(['ledger', 'report', '--by', 'kind,path', '--data', gateway.data]);
  expect(await report.exited).toMatchObject({ code: 0 });
  expect(report.stdout()).toMatch(/^realtime +direct +1 /m);
  expect(report.stdout()).toMatch(/^chat +\w+ +2 /m);
});

test('the SDK gets embeddings of the rehearsal as it asks for them, and near ones for texts alike', async () => {
  const openai = new OpenAI({ baseURL: `${gateway.http}/v1`, apiKey: 'any' });
  const input = ['the cat sat on the mat', 'a cat sat on a mat', 'invoices are due in March'];
  const vectors = async (more: object = {}) => {
    const { data, usage } = await openai.embeddings.create({ model: 'text-embedding-3-small', input, ...more });
    expect(usage.total_tokens).toBeGreaterThan(0);
    return data.map(({ embedding }) => embedding);
  };
  const packed = await vectors({ dimensions: 256 });
  expect(packed.map(({ length }) => length)).toEqual([256, 256, 256]);
  const plain = await vectors({ dimensions: 256, encoding_format: 'float' });
  for (const [at, vector] of plain.entries()) expect(packed[at]).toEqual(vector.map((part) => expect.closeTo(part, 5)));
  const nearness = (a = 0, b = 0) =>
    (plain[a] ?? []).reduce((sum, part, at) => sum + part * ((plain[b] ?? [])[at] ?? 0), 0);
  expect(nearness(0, 1)).toBeGreaterThan(nearness(0, 2) + 0.3);
  expect(nearness(0, 0)).toBeCloseTo(1, 5);
  expect((await vectors())[0]).toHaveLength(1536);
});

test('the SDK gets moderations of the rehearsal, one for each text', async () => {
  const openai = new OpenAI({ baseURL: `${gateway.http}/v1`, apiKey: 'any' });
  const { data, response } = await openai.moderations.create({ input: ['Good morning.', 'I hate you'] }).withResponse();
  expect(response.headers.get('x-trunkline-rehearsal')).toBe('true');
  expect(data.results).toMatchObject([
    { flagged: false, categories: { harassment: false, 'violence/graphic': false } },
    { flagged: true, categories: { harassment: true, hate: false }, category_scores: { harassment: 0.95 } },
  ]);
});

test('the SDK of Anthropic gets messages of the rehearsal, whole, streamed and with tools', async () => {
  const anthropic = new Anthropic({ baseURL: gateway.http, apiKey: 'any' });
  const messages = [{ role: 'user' as const, content: 'Hello' }];
  const asked = { model: 'claude-sonnet-4-6', max_tokens: 100, messages };
  const text = { type: 'text', text: expect.stringContaining('You wrote: Hello') };
  expect(await anthropic.messages.create(asked)).toMatchObject({ content: [text], stop_reason: 'end_turn' });
  const last = await anthropic.messages.stream(asked).finalMessage();
  expect(last).toMatchObject({ content: [text], usage: { input_tokens: expect.any(Number) } });
  const tools = [
    { name: 'look_up', input_schema: { type: 'object' as const, properties: { what: { type: 'string' } } } },
  ];
  const tool_choice = { type: 'tool' as const, name: 'look_up' };
  const called = await anthropic.messages.stream({ ...asked, tools, tool_choice }).finalMessage();
  expect(called).toMatchObject({ content: [{ type: 'tool_use', name: 'look_up' }], stop_reason: 'tool_use' });
});
