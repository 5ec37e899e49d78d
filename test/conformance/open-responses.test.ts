// The compliance cases of Open Responses over the whole gateway, on every kind of target. Rebuilt from their source, which no package
// has: github.com/openresponses/openresponses, src/lib/compliance-tests.ts and schema/*.tsp, release 2026-04-24.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ModelEndpoint, modelEndpoint } from '../support/model-endpoint.ts';
import {
  compactionSchema,
  faultsOf,
  faultsOfEvents,
  lastResponse,
  responseSchema,
  type StreamEvent,
} from '../support/open-responses.ts';
import { type ServedGateway, serveGateway } from '../support/sdk.ts';

let endpoint: ModelEndpoint;
let gateway: ServedGateway;
let rehearsal: ServedGateway;

beforeAll(async () => {
  endpoint = await modelEndpoint();
  const { gateways } = endpoint;
  const target = (name: keyof typeof gateways) => ({ targets: [{ gateway: name, model: `${name}-model` }] });
  const classes = {
    native: target('responses'),
    chat: target('completions'),
    anthropic: target('messages'),
    gemini: target('gemini'),
  };
  gateway = await serveGateway({ gateways, classes });
  rehearsal = await serveGateway();
}, 180_000);

afterAll(async () => {
  await Promise.all([gateway?.close(), rehearsal?.close(), endpoint?.close()]);
});

const TARGETS = {
  'a target that speaks Responses': () => ({ url: gateway.http, model: 'native' }),
  'a target that speaks chat completions': () => ({ url: gateway.http, model: 'chat' }),
  Anthropic: () => ({ url: gateway.http, model: 'anthropic' }),
  Gemini: () => ({ url: gateway.http, model: 'gemini' }),
  'the rehearsal': () => ({ url: rehearsal.http, model: 'gpt-5-mini' }),
};

const message = (role: string, content: unknown, more: object = {}) => ({ type: 'message', role, content, ...more });
const PNG =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const weather = {
  ...{ type: 'function', name: 'get_weather', description: 'Get the current weather for a location' },
  parameters: {
    type: 'object',
    properties: { location: { type: 'string', description: 'The city and state, e.g. San Francisco, CA' } },
    required: ['location'],
  },
};
/** The rehearsal calls no tool on its own: it has no model that could choose. */
const askedWeather = (model: string) => ({
  input: [message('user', "What's the weather like in San Francisco?")],
  tools: [weather],
  ...(model === 'gpt-5-mini' && { tool_choice: 'required' }),
});

describe.concurrent.each(Object.entries(TARGETS))('%s', (_, target) => {
  const post = (path: string, body: object) =>
    fetch(target().url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer any' },
      body: JSON.stringify(body),
    });
  const ask = (body: object, stream = false) => post('/v1/responses', { model: target().model, ...body, stream });

  /** Asks for a whole answer, and checks it. */
  const whole = async (body: object) => {
    const reply = await ask(body);
    const response = await reply.json();
    expect({ status: reply.status, faults: faultsOf(responseSchema, response) }).toEqual({ status: 200, faults: [] });
    return responseSchema.parse(response);
  };

  /** Asks for a stream, and checks its events. */
  const streamed = async (body: object) => {
    const events = eventsIn(await (await ask(body, true)).text());
    expect(faultsOfEvents(events)).toEqual([]);
    return { events: events as readonly StreamEvent[], response: lastResponse(events) };
  };

  test.each([
    ['Basic Text Response', { input: [message('user', 'Say hello in exactly 3 words.')] }],
    [
      'Assistant Message Phase',
      {
        input: [
          message('assistant', 'I should answer with the saved number.', { phase: 'commentary' }),
          message('assistant', 'The number is four.', { phase: 'final_answer' }),
          message('user', 'Repeat only the number.'),
        ],
      },
    ],
    [
      'System Prompt',
      {
        input: [message('system', 'You are a pirate. Always respond in pirate speak.'), message('user', 'Say hello.')],
      },
    ],
    [
      'Image Input',
      {
        input: [
          message('user', [
            { type: 'input_text', text: 'What do you see in this image? Answer in one sentence.' },
            { type: 'input_image', image_url: PNG },
          ]),
        ],
      },
    ],
    [
      'Multi-turn Conversation',
      {
        input: [
          message('user', 'My name is Alice.'),
          message('assistant', 'Hello Alice! Nice to meet you. How can I help you today?'),
          message('user', 'What is my name?'),
        ],
      },
    ],
  ])('%s', async (_name, body) => {
    const response = await whole(body);
    expect(response).toMatchObject({ status: 'completed', output: [{ type: 'message' }] });
    expect(response.usage?.output_tokens).toBeGreaterThan(0);
  });

  test('Response Output Phase Schema: the phase of a message is in the answer where the target says one', async () => {
    const { output } = await whole({ input: 'Say hello.' });
    const isNative = target().model === 'native';
    expect(output.map((item) => 'phase' in item && item.phase)).toEqual([isNative ? 'final_answer' : false]);
  });

  test('Streaming Response', async () => {
    const { events, response } = await streamed({ input: [message('user', 'Count from 1 to 5.')] });
    expect(response?.status).toBe('completed');
    const said = events.flatMap((event) => (event.type === 'response.output_text.delta' ? [event.delta] : []));
    expect(said.length).toBeGreaterThan(1);
    expect(response?.output).toMatchObject([{ type: 'message', content: [{ text: said.join('') }] }]);
  });

  test('Tool Calling', async () => {
    const { output, tools } = await whole(askedWeather(target().model));
    expect(output).toContainEqual(expect.objectContaining({ type: 'function_call', name: 'get_weather' }));
    expect(tools).toMatchObject([weather]);
  });

  test('Tool Calling (Streaming)', async () => {
    const { events } = await streamed(askedWeather(target().model));
    const types = events.map((event) =>
      'item' in event && event.item ? `${event.type} ${(event.item as { type: string }).type}` : event.type,
    );
    expect(types).toEqual(
      expect.arrayContaining([
        ...['response.output_item.added function_call', 'response.output_item.done function_call'],
        ...['response.function_call_arguments.delta', 'response.function_call_arguments.done'],
      ]),
    );
  });

  test('Compaction Endpoint', async () => {
    const input = [message('user', 'My name is Alice.'), message('assistant', 'Hello Alice!')];
    const reply = await post('/v1/responses/compact', { model: target().model, input, prompt_cache_key: 'compact' });
    const compaction = await reply.json();
    const faults = faultsOf(compactionSchema, compaction);
    expect({ status: reply.status, faults }).toEqual({ status: 200, faults: [] });
    const { output } = compactionSchema.parse(compaction);
    expect(output.at(-1)?.type).toBe('compaction');
    await whole({ input: [...output, message('user', 'What is my name?')] });
  });

  test('Compaction Missing Required Model', async () => {
    const reply = await post('/v1/responses/compact', { input: [message('user', 'My name is Alice.')] });
    expect({ status: reply.status, ...(await reply.json()) }).toMatchObject({ status: 400, error: { param: 'model' } });
  });

  test('a stream with reasoning, and one with an answer by a schema, fit too', async () => {
    const reasoning = { effort: 'low', summary: 'auto' };
    expect((await streamed({ input: 'Think.', reasoning })).response?.status).toBe('completed');
    const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
    const format = { type: 'json_schema', name: 'place', schema, strict: true };
    const { response } = await streamed({ input: 'Where?', text: { format } });
    const [part] = response?.output.flatMap((item) => (item.type === 'message' ? item.content : [])) ?? [];
    expect(JSON.parse(part?.type === 'output_text' ? part.text : '')).toHaveProperty('city');
  });
});

/** The events of a stream, whose names are their types. */
function eventsIn(text: string): readonly { readonly type: string }[] {
  return text
    .split('\n\n')
    .filter((block) => block.startsWith('event: '))
    .map((block) => {
      const [, name, data = ''] = /^event: (.+)\ndata: (.+)$/.exec(block) ?? [];
      const event = JSON.parse(data);
      expect(event.type).toBe(name);
      return event;
    });
}
