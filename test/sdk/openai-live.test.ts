// Runs the WebSocket class of the Live API in the official OpenAI SDK, against a provider that follows a script.

import type { IncomingMessage } from 'node:http';
import OpenAI from 'openai';
import { ForksWS } from 'openai/resources/live/forks/ws';
import type { ServerEvent } from 'openai/resources/live/live';
import { SidebandWS } from 'openai/resources/live/sideband/ws';
import { LiveWS } from 'openai/resources/live/ws';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { closed } from '../support/inbox.ts';
import { type FakeProvider, startProvider } from '../support/provider.ts';
import { spokenTurn } from '../support/recording.ts';
import { Heard, type ServedGateway, serveGateway, trust } from '../support/sdk.ts';

const MODEL = 'gpt-live-1';
const KEY = 'secret-of-the-demo-key';
const LISTED_KEY = 'secret-of-the-listed-key';
let provider: FakeProvider;
let gateway: ServedGateway;

beforeAll(async () => {
  provider = await startProvider({ onSession: playLive });
  gateway = await serveGateway({
    keys: [
      { id: 'demo', secret: KEY },
      { id: 'listed', secret: LISTED_KEY, models: [`openai/${MODEL}`] },
    ],
    providers: { openai: { baseUrl: provider.url, apiKey: 'secret-of-the-provider', allowPrivate: true } },
  });
  trust(gateway);
});

afterAll(async () => {
  await gateway?.close();
  await provider?.close();
});

/** The models of the sessions that were started at the provider. */
const started: string[] = [];

/** Sends back all audio, bills it, and closes when it is asked to. A socket beside a session is told of it at once. */
function playLive(ws: WebSocket, { url = '' }: IncomingMessage): void {
  let seconds = 0;
  const send = (event: object) => ws.send(JSON.stringify(event));
  const [, id] = /sessions\/(\w+)\/attach$/.exec(url) ?? [];
  if (id !== undefined) send({ type: 'session.started', event_id: 'event_0', session: { id, model: MODEL } });
  ws.on('message', (data) => {
    const event = JSON.parse(data.toString());
    if (event.type === 'session.start') {
      started.push(event.session.model ?? url);
      send({ type: 'session.started', event_id: 'event_1', session: { id: 'live_1', ...event.session } });
    }
    if (event.type === 'session.input_audio.mute') send({ type: 'session.input_audio.muted', event_id: 'event_4' });
    if (event.type === 'session.input_audio.append') {
      send({ type: 'session.output_audio.delta', delta: event.audio });
      seconds += Buffer.from(event.audio, 'base64').length / 48_000;
      send({ type: 'session.usage.updated', event_id: 'event_2', usage: { seconds } });
    }
    if (event.type !== 'session.close') return;
    send({ type: 'session.closed', event_id: 'event_3', reason: 'close_requested', usage: { seconds } });
    ws.close(1000, 'closed');
  });
}

const sdk = (baseUrl: string, apiKey = KEY) => new OpenAI({ baseURL: `${baseUrl}/v1`, apiKey });

function open(baseUrl: string, apiKey = KEY) {
  return heardOf(new LiveWS(sdk(baseUrl, apiKey)));
}

/** A client of one of the three sockets, and what it hears. */
function heardOf<Client extends LiveWS | SidebandWS | ForksWS>(client: Client) {
  const heard = new Heard<ServerEvent>();
  client.on('event', heard.add as never);
  client.on('error', heard.fail);
  return { client, heard };
}

test.each(['http', 'https'] as const)('a full-duplex session passes in both directions, over %s', async (scheme) => {
  const { client, heard } = open(gateway[scheme]);
  client.send({ type: 'session.start', session: { model: MODEL } });
  const { session } = await heard.type('session.started');
  expect(session).toMatchObject({ id: 'live_1', model: MODEL });
  const turn = spokenTurn('librivox-0880', 24_000);
  for (const audio of turn) client.send({ type: 'session.input_audio.append', audio });
  client.send({ type: 'session.close' });
  const end = new Promise((resolve) => client.on('close', (code, reason) => resolve({ code, reason })));
  expect(await heard.type('session.closed')).toMatchObject({ reason: 'close_requested' });
  expect(await end).toEqual({ code: 1000, reason: 'closed' });
  await closed(await provider.next());
  const echoed = heard.events.flatMap((event) => (event.type === 'session.output_audio.delta' ? event.delta : []));
  expect(echoed).toEqual(turn);
});

test('a server attaches to the session of its key, and copies it', async () => {
  const { client, heard } = open(gateway.http);
  client.send({ type: 'session.start', session: { model: MODEL, store: true } });
  const { session } = await heard.type('session.started');
  const beside = heardOf(new SidebandWS(sdk(gateway.http), { session_id: session.id }));
  expect((await beside.heard.type('session.started')).session.id).toBe(session.id);
  beside.client.send({ type: 'session.input_audio.mute' });
  await beside.heard.type('session.input_audio.muted');
  beside.client.close();
  const copy = heardOf(new ForksWS(sdk(gateway.http), { session_id: session.id }));
  copy.client.send({ type: 'session.start', session: {} });
  await copy.heard.type('session.started');
  expect(started.at(-1)).toBe(`/v1/live/sessions/${session.id}/fork`);
  for (const one of [client, copy.client]) one.send({ type: 'session.close' });
  await Promise.all([heard, copy.heard].map((each) => each.type('session.closed')));
  const other = heardOf(new SidebandWS(sdk(gateway.http, LISTED_KEY), { session_id: session.id }));
  await expect(other.heard.failed).rejects.toThrow('Unexpected server response: 403');
});

test('a model that the key may not use never reaches the provider, and is an error event', async () => {
  const { client, heard } = open(gateway.http, LISTED_KEY);
  client.send({ type: 'session.start', event_id: 'mine', session: { model: 'gpt-live-2' } });
  await expect(heard.failed).rejects.toThrow('this key may not use the model gpt-live-2');
  expect(heard.events).toMatchObject([
    { type: 'error', error: { code: 'model_not_allowed', client_event_id: 'mine' } },
  ]);
});

test('a wrong key is an error of the SDK that says so', async () => {
  const { heard } = open(gateway.http, 'not-a-key-of-this-gateway');
  await expect(heard.failed).rejects.toThrow('Unexpected server response: 401');
});
