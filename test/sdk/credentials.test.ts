// Checks what of an official client's credentials reaches a provider, and that closes pass between the two.

import { GoogleGenAI } from '@google/genai';
import { OpenAIRealtimeWebSocket as AgentsTransport } from '@openai/agents-realtime';
import { GoogleGenAI as GoogleGenAI2 } from 'google-genai-2';
import OpenAI from 'openai';
import { OpenAIRealtimeWebSocket } from 'openai/realtime/websocket';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import { LiveWS } from 'openai/resources/live/ws';
import { ResponsesWS } from 'openai/resources/responses/ws';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type Closed, closed } from '../support/inbox.ts';
import { type FakeProvider, startProvider } from '../support/provider.ts';
import { type ServedGateway, serveGateway, trust } from '../support/sdk.ts';

const MODEL = 'gpt-realtime-2.1';
const GATEWAY_KEY = 'secret-of-the-demo-key';
const PROVIDER_KEY = 'secret-of-the-provider';
let provider: FakeProvider;
/** Dials the provider with its own credential. */
let gateway: ServedGateway;
/** Forwards the credential of the client. */
let forwarder: ServedGateway;

beforeAll(async () => {
  provider = await startProvider({
    onSession: (ws, { url }) => {
      if (url?.startsWith('/ws/')) ws.once('message', () => ws.send('{"setupComplete":{}}'));
    },
  });
  const keys = [{ id: 'demo', secret: GATEWAY_KEY }];
  const serve = (apiKey: string) => {
    const account = { baseUrl: provider.url, apiKey, allowPrivate: true };
    return serveGateway({ keys, providers: { openai: account, gemini: account } });
  };
  [gateway, forwarder] = await Promise.all([serve(PROVIDER_KEY), serve('client')]);
  trust(gateway);
  trust(forwarder);
});

afterAll(async () => {
  await Promise.all([gateway?.close(), forwarder?.close()]);
  await provider?.close();
});

interface Dial {
  readonly to: ServedGateway;
  readonly apiKey: string;
  readonly headers: Record<string, string>;
}
/** A client as an SDK makes it. */
interface Client {
  readonly opened: Promise<unknown>;
  readonly closed: Promise<Closed>;
  close(): void;
}
interface Sdk {
  readonly name: string;
  readonly path: string;
  /** Close that reaches a provider when the SDK closes. */
  readonly goodbye: Closed;
  dial(options: Dial): Client;
}

const ok = { code: 1000, reason: 'OK' };
const empty = { code: 1005, reason: '' };
const realtime = { path: `/v1/realtime?model=${MODEL}` };

const sdks: readonly Sdk[] = [
  {
    ...realtime,
    name: 'OpenAIRealtimeWS',
    goodbye: ok,
    dial({ to, apiKey, headers }) {
      const client = new OpenAIRealtimeWS({ model: MODEL, options: { headers } }, openai(to.https, apiKey));
      return { ...lifeOf(client.socket), close: () => client.close() };
    },
  },
  {
    ...realtime,
    name: 'OpenAIRealtimeWebSocket',
    goodbye: ok,
    dial({ to, apiKey }) {
      const client = new OpenAIRealtimeWebSocket({ model: MODEL }, openai(to.https, apiKey));
      return { ...lifeOf(client.socket), close: () => client.close() };
    },
  },
  {
    name: 'ResponsesWS',
    path: '/v1/responses',
    goodbye: ok,
    dial({ to, apiKey, headers }) {
      const client = new ResponsesWS(openai(to.http, apiKey), { headers });
      return { ...lifeOf(client.socket.platformSocket), close: () => client.close() };
    },
  },
  {
    name: 'LiveWS',
    path: '/v1/live/sessions',
    goodbye: ok,
    dial({ to, apiKey, headers }) {
      const client = new LiveWS(openai(to.http, apiKey), { headers });
      return { ...lifeOf(client.socket.platformSocket), close: () => client.close() };
    },
  },
  {
    ...realtime,
    name: '@openai/agents-realtime',
    goodbye: empty,
    dial({ to, apiKey, headers }) {
      const url = `${to.ws}${realtime.path}`;
      const socket = new WebSocket(url, { headers: { authorization: `Bearer ${apiKey}`, ...headers } });
      const transport = new AgentsTransport({ createWebSocket: async () => socket as never });
      return { ...lifeOf(socket), opened: transport.connect({ apiKey, url }), close: () => transport.close() };
    },
  },
  google('@google/genai 3', GoogleGenAI, 'v1'),
  google('@google/genai 2', GoogleGenAI2, 'v1beta'),
];

function google(name: string, Sdk: typeof GoogleGenAI | typeof GoogleGenAI2, version: string): Sdk {
  return {
    name,
    path: `/ws/google.ai.generativelanguage.${version}.GenerativeService.BidiGenerateContent?key=`,
    goodbye: empty,
    dial({ to, apiKey, headers }) {
      const ai = new Sdk({ apiKey, httpOptions: { baseUrl: to.http, headers } }) as GoogleGenAI;
      const { promise, resolve } = Promise.withResolvers<Closed>();
      const onclose = ({ code, reason }: CloseEvent) => resolve({ code, reason });
      const session = ai.live.connect({ model: 'gemini-3.8-live', callbacks: { onmessage() {}, onclose } });
      return { opened: session, closed: promise, close: () => void session.then((one) => one.close()) };
    },
  };
}

function openai(baseUrl: string, apiKey: string): OpenAI {
  return new OpenAI({ baseURL: `${baseUrl}/v1`, apiKey });
}

/** Promises of the opening and the close of a socket. */
function lifeOf(socket: WebSocket | globalThis.WebSocket): Pick<Client, 'opened' | 'closed'> {
  const { addEventListener } = socket as globalThis.WebSocket;
  const add: globalThis.WebSocket['addEventListener'] = addEventListener.bind(socket);
  return {
    opened: new Promise((resolve) => add('open', resolve)),
    closed: new Promise((resolve) => add('close', ({ code, reason }) => resolve({ code, reason }))),
  };
}

/** Everything that the provider can read of the last handshake. */
function lastHandshake(): { url: string; authorization: string | undefined; text: string } {
  const { url = '', headers, rawHeaders = [] } = provider.requests.at(-1) ?? {};
  return { url, authorization: headers?.authorization, text: [url, ...rawHeaders].join('\n') };
}

describe.each(sdks)('$name', ({ path, goodbye, dial }) => {
  test('the SDK reaches the provider with the credential of the provider alone, and so does its close', async () => {
    const client = dial({ to: gateway, apiKey: GATEWAY_KEY, headers: { cookie: 'session=1' } });
    const upstream = await provider.next();
    const { url, authorization, text } = lastHandshake();
    expect([url, authorization]).toEqual(
      path.endsWith('key=') ? [path + PROVIDER_KEY, undefined] : [path, `Bearer ${PROVIDER_KEY}`],
    );
    expect(text).not.toMatch(new RegExp(`${GATEWAY_KEY}|cookie|origin|forwarded|openai-beta`, 'i'));
    await client.opened;
    client.close();
    expect(await closed(upstream)).toEqual(goodbye);
  });

  test('the SDK learns how the provider closed', async () => {
    const client = dial({ to: gateway, apiKey: GATEWAY_KEY, headers: {} });
    const upstream = await provider.next();
    await client.opened;
    upstream.close(1001, 'Your session hit the maximum duration of 60 minutes.');
    expect(await client.closed).toEqual({
      code: 1001,
      reason: 'Your session hit the maximum duration of 60 minutes.',
    });
  });
});

// The WebSocket of browsers sends no headers.
const withHeaders = sdks.filter(({ name }) => name !== 'OpenAIRealtimeWebSocket');
test.each(withHeaders)("$name keeps a provider credential that is forwarded, beside the gateway's key", async (sdk) => {
  const client = sdk.dial({ to: forwarder, apiKey: 'my-own-key', headers: { 'x-trunkline-key': GATEWAY_KEY } });
  const upstream = await provider.next();
  const { url, authorization, text } = lastHandshake();
  expect([url, authorization]).toEqual(
    sdk.path.endsWith('key=') ? [`${sdk.path}my-own-key`, undefined] : [sdk.path, 'Bearer my-own-key'],
  );
  expect(text).not.toMatch(new RegExp(`${GATEWAY_KEY}|trunkline`));
  await client.opened;
  client.close();
  expect(await closed(upstream)).toEqual(sdk.goodbye);
});

test('a forwarded credential is no key of the gateway', async () => {
  const count = provider.requests.length;
  const client = new ResponsesWS(openai(forwarder.http, GATEWAY_KEY));
  const error = await new Promise((resolve) => client.on('error', resolve));
  expect(error).toMatchObject({ message: 'Unexpected server response: 401' });
  expect(provider.requests).toHaveLength(count);
});
