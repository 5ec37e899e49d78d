// Runs the OpenAI Agents SDK over POST /v1/responses, which it asks by default: tools, handoffs, streams, and memory of earlier turns.

import { Agent, MemorySession, OpenAIProvider, Runner, tool } from '@openai/agents';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { APPS_START_MS, appsGateway, MODELS } from '../support/apps-gateway.ts';

let apps: Awaited<ReturnType<typeof appsGateway>>;
let runner: Runner;

beforeAll(async () => {
  apps = await appsGateway();
  const openAIClient = new OpenAI({ baseURL: apps.baseURL, apiKey: 'any', maxRetries: 0 });
  runner = new Runner({ modelProvider: new OpenAIProvider({ openAIClient }), tracingDisabled: true });
}, APPS_START_MS);
afterAll(() => apps?.close());

const weather = tool({
  name: 'get_weather',
  description: 'The weather in a city',
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }) => `sunny in ${city}`,
});

describe.each(MODELS)('a target of the form %s', (model) => {
  test('an agent answers, whole and streamed', async () => {
    const agent = new Agent({ name: 'Assistant', instructions: 'Be short.', model });
    expect((await runner.run(agent, 'Hello')).finalOutput).toBe('You wrote: Hello');
    const stream = await runner.run(agent, 'Hello', { stream: true });
    let text = '';
    for await (const piece of stream.toTextStream()) text += piece;
    await stream.completed;
    expect(text).toBe('You wrote: Hello');
  });

  test('an agent uses a tool, and answers in a shape', async () => {
    const agent = new Agent({ name: 'Weather', instructions: 'Use tools.', model, tools: [weather] });
    expect((await runner.run(agent, 'How is the weather?')).finalOutput).toContain('sunny in Bonn');
    const shaped = new Agent({ name: 'Places', model, outputType: z.object({ city: z.string() }) });
    expect((await runner.run(shaped, 'Where?')).finalOutput).toEqual({ city: 'Bonn' });
  });

  test('an agent hands off to another', async () => {
    const billing = new Agent({ name: 'Billing', instructions: 'You do invoices.', model });
    const triage = Agent.create({ name: 'Triage', instructions: 'Hand off.', model, handoffs: [billing] });
    const result = await runner.run(triage, 'I ask about billing');
    expect(result.lastAgent?.name).toBe('Billing');
    expect(result.finalOutput).not.toBe('');
  });

  test('a session in memory, and previous_response_id, carry on', async () => {
    const agent = new Agent({ name: 'Assistant', model });
    const session = new MemorySession();
    await runner.run(agent, 'My name is Ada', { session });
    expect((await runner.run(agent, 'Thank you', { session })).finalOutput).toBe('You wrote: Thank you');
    const first = await runner.run(agent, 'My name is Ada');
    const previousResponseId = first.lastResponseId;
    expect((await runner.run(agent, 'And now', { previousResponseId })).finalOutput).toBe('You wrote: And now');
    expect(JSON.stringify(apps.seen.at(-1)?.body)).toContain('My name is Ada');
  });
});

test('a conversation of the provider is refused with words that say what to use', async () => {
  const agent = new Agent({ name: 'Assistant', model: 'responses' });
  await expect(runner.run(agent, 'Hello', { conversationId: 'conv_1' })).rejects.toMatchObject({
    status: 400,
    message: expect.stringContaining('previous_response_id'),
  });
});
