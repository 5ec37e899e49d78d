// Runs LangChain's ChatOpenAI with `useResponsesApi` over the whole gateway: invoke, stream, tools, structured output.

import { HumanMessage, ToolMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ChatOpenAI } from '@langchain/openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { APPS_START_MS, appsGateway, MODELS } from '../support/apps-gateway.ts';

let apps: Awaited<ReturnType<typeof appsGateway>>;

beforeAll(async () => {
  apps = await appsGateway();
}, APPS_START_MS);
afterAll(() => apps?.close());

const weather = tool(async ({ city }: { city: string }) => `sunny in ${city}`, {
  name: 'get_weather',
  description: 'The weather in a city',
  schema: z.object({ city: z.string() }),
});

describe.each(MODELS)('a target of the form %s', (model) => {
  const chat = () =>
    new ChatOpenAI({
      ...{ model, apiKey: 'any', useResponsesApi: true, maxRetries: 0 },
      configuration: { baseURL: apps.baseURL },
    });

  test('invoke, with usage', async () => {
    const answer = await chat().invoke('Hello');
    expect(answer.text).toBe('You wrote: Hello');
    expect(answer.usage_metadata).toMatchObject({ input_tokens: 10, output_tokens: 5 });
  });

  test('stream', async () => {
    const pieces: string[] = [];
    for await (const chunk of await chat().stream('Hello')) pieces.push(chunk.text);
    expect(pieces.join('')).toBe('You wrote: Hello');
    expect(pieces.filter((piece) => piece !== '').length).toBeGreaterThan(1);
  });

  test('a tool is called, and its output answered', async () => {
    const withTools = chat().bindTools([weather]);
    const asked = new HumanMessage('How is the weather?');
    const first = await withTools.invoke([asked]);
    const [call] = first.tool_calls ?? [];
    expect(call).toMatchObject({ name: 'get_weather', args: { city: 'Bonn' } });
    const content = await weather.invoke({ city: 'Bonn' });
    const said = new ToolMessage({ content, tool_call_id: call?.id ?? '' });
    expect((await withTools.invoke([asked, first, said])).text).toContain('sunny in Bonn');
  });

  test('structured output', async () => {
    const shaped = chat().withStructuredOutput(z.object({ city: z.string() }), { name: 'place' });
    expect(await shaped.invoke('Where?')).toEqual({ city: 'Bonn' });
  });
});
