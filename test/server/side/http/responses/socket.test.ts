// Tests the WebSocket /v1/responses of a key whose text is routed: the frames of the direct dialect, under policy and ledger of the side path; of
// another key it is a session.

import { once } from 'node:events';
import OpenAI from 'openai';
import { ResponsesWS } from 'openai/resources/responses/ws';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startRehearsal } from '../../../../../server/rehearsal/host.ts';
import { type LlmGateway, llmGateway } from '../../../../support/llm-gateway.ts';
import { killAll } from '../../../../support/processes.ts';
import { type Served, serve } from '../../../../support/served.ts';
import { until } from '../../../../support/until.ts';

let llm: LlmGateway;
let provider: Awaited<ReturnType<typeof startRehearsal>>;
let served: Served;
beforeAll(async () => {
  llm = await llmGateway({ behaviour: { text: 'A routed answer.', pieces: 4 } });
  provider = await startRehearsal({ times: { firstTextMs: 10, tokenMs: 0 } });
  served = await serve({
    provider: provider.url,
    keys: [
      { id: 'routed', secret: 'routed-secret', responses: 'routed' },
      { id: 'direct', secret: 'direct-secret' },
      { id: 'classed', secret: 'classed-secret', class: 'sockets' },
    ],
    gateways: { scripted: { profile: 'openai-compatible', baseUrl: llm.baseUrl, apiKey: 'x', allowPrivate: true } },
    classes: {
      plain: { targets: [{ gateway: 'scripted', model: 'm' }], unknownPrice: 'allow' },
      sockets: { targets: [{ gateway: 'scripted', model: 'm' }], unknownPrice: 'allow', responses: 'routed' },
    },
    tasks: [],
  });
});
afterAll(async () => {
  if (served?.child.exitCode === null && served.child.signalCode === null) killAll(served.child);
  await served?.exited;
  await Promise.all([llm?.close(), provider?.close()]);
});

interface Event {
  readonly type: string;
  readonly sequence_number?: number;
  readonly stream_id?: string;
  readonly status?: number;
  readonly error?: { readonly code: string; readonly param: string | null };
  readonly response?: { readonly id: string; readonly status: string; readonly output: readonly object[] };
}

async function open(secret = 'routed-secret', protocols: string[] = [], headers: Record<string, string> = {}) {
  const all = protocols.length > 0 ? headers : { authorization: `Bearer ${secret}`, ...headers };
  const socket = new WebSocket(`${served.url}/v1/responses`, protocols, { headers: all });
  const events: Event[] = [];
  socket.on('message', (data) => void events.push(JSON.parse(data.toString())));
  await once(socket, 'open');
  const isEnd = ({ type }: Event) => /^(error|response\.(completed|failed|incomplete))$/.test(type);
  return {
    socket,
    events,
    send: (event: object) => socket.send(JSON.stringify({ type: 'response.create', model: 'm', ...event })),
    /** The events of the next answer, or of the next so many. */
    async answers(count = 1): Promise<Event[]> {
      await until(() => events.filter(isEnd).length >= count);
      return events.splice(0);
    },
  };
}

test('the SDK gets the answer of the routed model, and the ledger a row of the key', async () => {
  const client = new ResponsesWS(
    new OpenAI({ baseURL: `${served.url.replace('ws', 'http')}/v1`, apiKey: 'routed-secret' }),
  );
  const types: string[] = [];
  const { promise, resolve } = Promise.withResolvers<string>();
  client.on('event', (event) => {
    types.push(event.type);
    if (event.type === 'response.completed')
      resolve(event.response.output_text ?? JSON.stringify(event.response.output));
  });
  client.send({ type: 'response.create', model: 'm', input: 'Hello' });
  expect(await promise).toContain('A routed answer.');
  expect(types[0]).toBe('response.created');
  client.close();
  const ledger = await (await fetch(`${served.admin}/ledger/rows`)).json();
  expect((ledger as { rows: object[] }).rows[0]).toMatchObject({ key: 'routed', kind: 'chat', gateway: 'scripted' });
});

test('one lane answers in order, a conversation goes on, and one with store: false within its socket alone', async () => {
  const client = await open();
  client.send({ input: 'One', store: false });
  const [first] = (await client.answers()).slice(-1);
  const previous = first?.response?.id;
  const before = llm.seen.length;
  client.send({ input: 'Two', store: false, previous_response_id: previous });
  client.send({ input: 'Three' });
  const events = await client.answers(2);
  const ends = events.filter(({ type }) => type === 'response.completed');
  expect(ends).toHaveLength(2);
  expect(events.map(({ sequence_number }) => sequence_number).filter((number) => number === 0)).toHaveLength(2);
  expect(JSON.stringify(llm.seen[before]?.body)).toMatch(/One.*A routed answer\..*Two/);
  const stored = ends[1]?.response?.id ?? '';
  const other = await open();
  other.send({ input: 'Four', previous_response_id: previous });
  expect((await other.answers())[0]).toMatchObject({
    ...{ type: 'error', status: 400 },
    error: { code: 'previous_response_not_found', param: 'previous_response_id' },
  });
  other.send({ input: 'Four', previous_response_id: stored });
  expect((await other.answers()).at(-1)).toMatchObject({ type: 'response.completed' });
  for (const { socket } of [client, other]) socket.close();
});

test('lanes are told apart, and what is taken in without an answer is continued', async () => {
  const client = await open();
  client.send({ input: 'One', stream_id: 'a' });
  client.send({ input: 'Two', stream_id: '$&b' });
  const events = await client.answers(2);
  for (const lane of ['a', '$&b']) {
    const own = events.filter(({ stream_id }) => stream_id === lane);
    expect(own.map(({ sequence_number }) => sequence_number)).toEqual(own.map((_, at) => at));
    expect(own.at(-1)?.type).toBe('response.completed');
  }
  client.send({ input: 'Known before', generate: false });
  const [, prepared] = await client.answers();
  expect(prepared?.response).toMatchObject({ status: 'completed', output: [] });
  client.send({ input: 'Asked later', previous_response_id: prepared?.response?.id });
  await client.answers();
  expect(JSON.stringify(llm.seen.at(-1)?.body)).toMatch(/Known before.*Asked later/);
  client.socket.close();
});

test.each([
  ['no JSON', 'x', null],
  ['another type', '{"type":"response.cancel"}', 'type'],
  ['a request without input', '{"type":"response.create","model":"m"}', 'input'],
  ['a request in the background', '{"type":"response.create","model":"m","input":"x","background":true}', 'background'],
  ['a model that is none', '{"type":"response.create","model":"none","input":"x"}', 'model'],
])('%s is an error of its own, and the socket goes on', async (_, text, param) => {
  const client = await open();
  client.socket.send(text);
  expect((await client.answers())[0]).toMatchObject({ type: 'error', error: { param } });
  client.send({ input: 'Hello' });
  expect((await client.answers()).at(-1)?.type).toBe('response.completed');
  client.socket.close();
});

test('a class is routed, too, a key goes into a subprotocol, and another key has a session', async () => {
  const classed = await open('classed-secret');
  classed.send({ input: 'Hello' });
  expect(JSON.stringify(await classed.answers())).toContain('A routed answer.');
  const page = await open('', ['realtime', 'openai-insecure-api-key.routed-secret']);
  expect(page.socket.protocol).toBe('realtime');
  const direct = await open('direct-secret');
  direct.send({ model: 'gpt-5.4', input: 'Hello' });
  expect(JSON.stringify(await direct.answers())).toContain('rehearsal');
  for (const { socket } of [classed, page, direct]) socket.close();
  const refused = new WebSocket(`${served.url}/v1/responses`, { headers: { authorization: 'Bearer wrong-secret' } });
  const [{ message }] = await once(refused, 'error');
  expect(message).toContain('401');
  const foreign = new WebSocket(`${served.url}/v1/responses`, {
    headers: { authorization: 'Bearer routed-secret', origin: 'https://elsewhere.example' },
  });
  const [fault] = await once(foreign, 'error');
  expect(fault.message).toContain('403');
});

test('a client secret for a routed class is routed as its key would be there, and one without has a session', async () => {
  const mint = async (terms: object): Promise<string> => {
    const made = await fetch(`${served.url.replace('ws', 'http')}/v1/client_secrets`, {
      method: 'POST',
      headers: { authorization: 'Bearer direct-secret', 'content-type': 'application/json' },
      body: JSON.stringify(terms),
    });
    return ((await made.json()) as { value: string }).value;
  };
  const routed = await open(await mint({ class: 'sockets' }));
  routed.send({ input: 'Hello' });
  expect(JSON.stringify(await routed.answers())).toContain('A routed answer.');
  const direct = await open(await mint({}));
  direct.send({ model: 'gpt-5.4', input: 'Hello' });
  expect(JSON.stringify(await direct.answers())).toContain('rehearsal');
  for (const { socket } of [routed, direct]) socket.close();
});

test('what is stored goes on when its socket is gone, and what is not ends with it', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  llm.change({ behaviour: { text: 'x'.repeat(200), pieces: 200, everyMs: 20, after: promise } });
  const before = llm.count.requests;
  const cancelled = llm.count.cancelled;
  const client = await open();
  client.send({ input: 'Kept' });
  client.send({ input: 'Passing', stream_id: 'other', store: false });
  await until(() => llm.count.requests === before + 2);
  resolve();
  await until(() => client.events.filter(({ type }) => type === 'response.created').length === 2);
  const id = client.events.find(({ stream_id }) => stream_id === undefined)?.response?.id;
  client.socket.terminate();
  await until(() => llm.count.cancelled === cancelled + 1);
  const url = `${served.url.replace('ws', 'http')}/v1/responses/${id}`;
  const headers = { authorization: 'Bearer routed-secret' };
  await until(async () => {
    const shown = (await (await fetch(url, { headers })).json()) as { status: string };
    return shown.status === 'completed';
  });
});
