// Runs the AI SDK over POST /v1/responses, which `openai('...')` asks by default: streamText and useChat's transport behind a route of an app.

import { createOpenAI } from '@ai-sdk/openai';
import {
  convertToModelMessages,
  DefaultChatTransport,
  generateText,
  Output,
  readUIMessageStream,
  stepCountIs,
  streamText,
  tool,
  type UIMessage,
} from 'ai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { APPS_START_MS, appsGateway, MODELS } from '../support/apps-gateway.ts';

let apps: Awaited<ReturnType<typeof appsGateway>>;
let openai: ReturnType<typeof createOpenAI>;

beforeAll(async () => {
  apps = await appsGateway();
  openai = createOpenAI({ baseURL: apps.baseURL, apiKey: 'any' });
}, APPS_START_MS);
afterAll(() => apps?.close());

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

const tools = {
  get_weather: tool({
    description: 'The weather in a city',
    inputSchema: z.object({ city: z.string() }),
    execute: async ({ city }) => `sunny in ${city}`,
  }),
};

describe.each(MODELS)('a target of the form %s', (model) => {
  test('streamText streams a text, with its usage', async () => {
    const result = streamText({ model: openai(model), prompt: 'Hello' });
    expect(await result.text).toBe('You wrote: Hello');
    expect(await result.finishReason).toBe('stop');
    expect(await result.totalUsage).toMatchObject({ inputTokens: 10, outputTokens: 5 });
  });

  test('reasoning is a part of its own', async () => {
    const providerOptions = { openai: { reasoningEffort: 'low', reasoningSummary: 'auto', forceReasoning: true } };
    const result = streamText({ model: openai(model), prompt: 'Hello', providerOptions });
    expect(await result.text).toBe('You wrote: Hello');
    expect(await result.reasoningText).toBe('I think about it.');
  });

  test('a tool is carried out in a step, and the next step answers', async () => {
    const result = streamText({
      ...{ model: openai(model), prompt: 'How is the weather?', tools },
      stopWhen: stepCountIs(3),
    });
    expect(await result.text).toContain('sunny in Bonn');
    expect(await result.steps).toHaveLength(2);
  });

  test('an answer has the shape of a schema', async () => {
    const schema = z.object({ city: z.string() });
    const { output } = await generateText({
      model: openai(model),
      prompt: 'Where?',
      output: Output.object({ schema }),
    });
    expect(output).toEqual({ city: 'Bonn' });
  });

  test('an image goes with a message', async () => {
    const content = [
      { type: 'text' as const, text: 'What is this?' },
      { type: 'file' as const, data: PNG, mediaType: 'image/png' },
    ];
    const { text } = await generateText({ model: openai(model), messages: [{ role: 'user', content }] });
    expect(text).toBe('You wrote: What is this?');
    expect(JSON.stringify(apps.seen.at(-1)?.body)).toContain(PNG.toString('base64'));
  });
});

test("the transport of useChat reads the route of an app, turn after turn, with the first turn's tool in the second", async () => {
  // An app's route, as the documents of the AI SDK have it.
  const route: typeof fetch = async (_, init) => {
    const { messages } = JSON.parse(String(init?.body)) as { messages: UIMessage[] };
    const model = openai('responses');
    const prompt = await convertToModelMessages(messages);
    return streamText({ model, messages: prompt, tools, stopWhen: stepCountIs(3) }).toUIMessageStreamResponse();
  };
  const transport = new DefaultChatTransport<UIMessage>({ api: '/api/chat', fetch: route });
  const messages: UIMessage[] = [];
  const say = async (text: string) => {
    messages.push({ id: `user-${messages.length}`, role: 'user', parts: [{ type: 'text', text }] });
    const stream = await transport.sendMessages({
      ...{ chatId: 'chat-1', trigger: 'submit-message', messageId: undefined, messages, abortSignal: undefined },
    });
    let last: UIMessage | undefined;
    for await (const message of readUIMessageStream({ stream })) last = message;
    if (last) messages.push(last);
    return last?.parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('');
  };
  expect(await say('How is the weather?')).toContain('sunny in Bonn');
  expect(await say('Thank you')).toBe('You wrote: Thank you');
});
