// Runs the WebSocket class of the Responses API in the official OpenAI SDK, with one base URL changed.

import OpenAI from 'openai';
import type { ResponsesServerEvent } from 'openai/resources/responses/responses';
import { ResponsesWS } from 'openai/resources/responses/ws';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningRehearsal, startRehearsal } from '../../server/rehearsal/host.ts';
import { Heard, normalized, type ServedGateway, serveGateway, trust } from '../support/sdk.ts';

const MODEL = 'gpt-5.4';
const KEY = 'secret-of-the-demo-key';
const LISTED_KEY = 'secret-of-the-listed-key';
let rehearsal: RunningRehearsal;
let gateway: ServedGateway;
/** A connection without a gateway in between. */
let direct: string;

type Scenario = (client: ResponsesWS, heard: Heard<ResponsesServerEvent>) => Promise<void>;

beforeAll(async () => {
  rehearsal = await startRehearsal({ times: { firstTextMs: 10, tokenMs: 0 } });
  direct = rehearsal.url.replace('ws:', 'http:');
  gateway = await serveGateway({
    keys: [
      { id: 'demo', secret: KEY },
      { id: 'listed', secret: LISTED_KEY, models: [`openai/${MODEL}`] },
    ],
    providers: { openai: { baseUrl: rehearsal.url, apiKey: 'secret-of-the-provider', allowPrivate: true } },
  });
  trust(gateway);
});

afterAll(async () => {
  await gateway?.close();
  await rehearsal?.close();
});

function open(baseUrl: string, apiKey = KEY) {
  const client = new ResponsesWS(new OpenAI({ baseURL: `${baseUrl}/v1`, apiKey }));
  const heard = new Heard<ResponsesServerEvent>();
  client.on('event', heard.add);
  client.on('error', heard.fail);
  return { client, heard };
}

/** Plays a scenario from the open to the close, and returns the events that the client saw. */
async function run(baseUrl: string, scenario: Scenario): Promise<readonly ResponsesServerEvent[]> {
  const { client, heard } = open(baseUrl);
  await scenario(client, heard);
  client.close();
  return heard.events;
}

/** The events of a scenario through the gateway, and without it. */
function both(scenario: Scenario) {
  return Promise.all([run(gateway.http, scenario), run(direct, scenario)]);
}

async function textTurns(client: ResponsesWS, heard: Heard<ResponsesServerEvent>): Promise<void> {
  client.send({ type: 'response.create', model: MODEL, input: 'Good morning' });
  const { response } = await heard.type('response.completed');
  client.send({ type: 'response.create', model: MODEL, input: 'And good night', previous_response_id: response.id });
  await heard.type('response.completed');
}

async function toolCall(client: ResponsesWS, heard: Heard<ResponsesServerEvent>): Promise<void> {
  const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
  const tools = [{ type: 'function' as const, name: 'weather', parameters, strict: false }];
  client.send({ type: 'response.create', model: MODEL, input: 'Use the weather tool.', tools });
  const { response } = await heard.type('response.completed');
  const call = response.output.find((item) => item.type === 'function_call');
  const output = { type: 'function_call_output' as const, call_id: call?.call_id ?? '', output: '{"sky":"clear"}' };
  client.send({ type: 'response.create', model: MODEL, input: [output], tools, previous_response_id: response.id });
  await heard.type('response.completed');
}

function ofType<Type extends ResponsesServerEvent['type']>(events: readonly ResponsesServerEvent[], type: Type) {
  return events.filter((event): event is Extract<ResponsesServerEvent, { type: Type }> => event.type === type);
}

test('two text turns stream tokens, and nothing shows that there is a gateway', async () => {
  const [events, expected] = await both(textTurns);
  expect(ofType(events, 'response.output_text.delta').length).toBeGreaterThan(6);
  expect(ofType(events, 'response.output_text.done').map(({ text }) => text)).toEqual([
    'This is the rehearsal provider. You wrote: Good morning',
    'This is the rehearsal provider. You wrote: And good night',
  ]);
  expect(normalized(events)).toEqual(normalized(expected));
});

test('a tool is called and its output is answered, and nothing shows that there is a gateway', async () => {
  const [events, expected] = await both(toolCall);
  expect(ofType(events, 'response.function_call_arguments.done')[0]?.arguments).toBe('{"city":"rehearsal"}');
  expect(ofType(events, 'response.output_text.done')[0]?.text).toContain('{"sky":"clear"}');
  expect(normalized(events)).toEqual(normalized(expected));
});

test('a text turn works over TLS too', async () => {
  expect(ofType(await run(gateway.https, textTurns), 'response.completed')).toHaveLength(2);
});

test('a wrong key is an error of the SDK that says so', async () => {
  const { heard } = open(gateway.http, 'not-a-key-of-this-gateway');
  await expect(heard.failed).rejects.toThrow('Unexpected server response: 401');
});

test('a model that the key may not use is an error event that names it', async () => {
  const { client, heard } = open(gateway.http, LISTED_KEY);
  client.send({ type: 'response.create', model: 'gpt-5.4-pro', input: 'Good morning' });
  await expect(heard.failed).rejects.toThrow('this key may not use the model gpt-5.4-pro');
  expect(heard.events).toMatchObject([{ type: 'error', status: 403, error: { code: 'model_not_allowed' } }]);
});
