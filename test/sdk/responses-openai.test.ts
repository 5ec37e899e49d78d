// Runs the Responses API of the official OpenAI SDK over HTTP with one base URL changed: the targets speak Responses, or are translated.

import OpenAI from 'openai';
import { zodTextFormat } from 'openai/helpers/zod';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { APPS_START_MS, appsGateway, MODELS } from '../support/apps-gateway.ts';

let apps: Awaited<ReturnType<typeof appsGateway>>;
let openai: OpenAI;

beforeAll(async () => {
  apps = await appsGateway();
  openai = new OpenAI({ baseURL: apps.baseURL, apiKey: 'any', maxRetries: 0 });
}, APPS_START_MS);
afterAll(() => apps?.close());

describe.each(MODELS)('a target of the form %s', (model) => {
  test('create, and retrieve', async () => {
    const response = await openai.responses.create({ model, input: 'Hello', metadata: { topic: 'demo' } });
    expect(response).toMatchObject({ output_text: 'You wrote: Hello', status: 'completed' });
    const kept = await openai.responses.retrieve(response.id);
    expect(kept).toMatchObject({ id: response.id, output_text: 'You wrote: Hello', metadata: { topic: 'demo' } });
    const next = await openai.responses.create({ model, input: 'More', previous_response_id: response.id });
    expect(next).toMatchObject({ output_text: 'You wrote: More', previous_response_id: response.id });
  });

  test('stream with its helper', async () => {
    const stream = openai.responses.stream({ model, input: 'Hello', reasoning: { effort: 'low', summary: 'auto' } });
    const pieces: string[] = [];
    stream.on('response.output_text.delta', ({ delta }) => pieces.push(delta));
    const { output_text: text, output } = await stream.finalResponse();
    expect([pieces.join(''), text]).toEqual(['You wrote: Hello', 'You wrote: Hello']);
    const summaries = output.flatMap((item) => (item.type === 'reasoning' ? item.summary : []));
    expect(summaries).toMatchObject([{ text: 'I think about it.' }]);
  });

  test('parse with a zod schema', async () => {
    const place = z.object({ city: z.string(), inhabitants: z.number() });
    const text = { format: zodTextFormat(place, 'place') };
    const { output_parsed: parsed } = await openai.responses.parse({ model, input: 'Where?', text });
    expect(parsed).toEqual({ city: 'Bonn', inhabitants: 7 });
  });

  test('a tool is called, and its output answered', async () => {
    const parameters = {
      ...{ type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
      additionalProperties: false,
    };
    const tools = [{ type: 'function' as const, name: 'get_weather', parameters, strict: true }];
    const first = await openai.responses.create({ model, input: 'How is the weather?', tools });
    const [call] = first.output.filter((item) => item.type === 'function_call');
    expect(JSON.parse(call?.arguments ?? '')).toEqual({ city: 'Bonn' });
    const output = { type: 'function_call_output' as const, call_id: call?.call_id ?? '', output: 'sunny' };
    const second = await openai.responses.create({ model, input: [output], tools, previous_response_id: first.id });
    expect(second.output_text).toContain('sunny');
  });

  test('a background response is polled until it is done', async () => {
    let response = await openai.responses.create({ model, input: 'Hello', background: true });
    expect(['queued', 'in_progress', 'completed']).toContain(response.status);
    await expect
      .poll(
        async () => {
          response = await openai.responses.retrieve(response.id);
          return response.status;
        },
        { timeout: 30_000 },
      )
      .toBe('completed');
    expect(response.output_text).toBe('You wrote: Hello');
  });
});

test('an answer that is done is cancelled without effect or with an error that says so, and deleted', async () => {
  const { id } = await openai.responses.create({ model: 'responses', input: 'Hello', background: true });
  const cancelled = await openai.responses.cancel(id).catch((error: unknown) => error);
  if (cancelled instanceof Error) expect(cancelled).toMatchObject({ status: 400 });
  else expect(['cancelled', 'completed']).toContain((cancelled as { status: string }).status);
  await openai.responses.delete(id);
  await expect(openai.responses.retrieve(id)).rejects.toMatchObject({ status: 404 });
});
