// The whole way of a web app: its owner makes a key, its server makes client secrets with it, and its pages, which have no other credential, talk
// with the official SDKs in Chromium; a secret's money ends the call, and the ledger has the bill.

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, type RunningGateway, startCommand } from '../support/console-page.ts';
import { bundled } from '../support/page-bundle.ts';
import { until } from '../support/until.ts';

const PROGRAM = `
  import { RealtimeAgent, RealtimeSession } from '@openai/agents-realtime';
  import { GoogleGenAI } from '@google/genai';
  Object.assign(globalThis, { RealtimeAgent, RealtimeSession, GoogleGenAI });
`;
const AI_PROGRAM = `
  import { createOpenAI } from '@ai-sdk/openai';
  import { experimental_useRealtime } from '@ai-sdk/react';
  import { createElement } from 'react';
  import { createRoot } from 'react-dom/client';
  // Renders the hook, connects, and resolves with the types of the events until one of them.
  globalThis.useHook = ({ model, api, last, say }) => new Promise((resolve, reject) => {
    const chosen = createOpenAI({ apiKey: 'none' }).experimental_realtime(model);
    const types = [];
    let realtime;
    function App() {
      realtime = experimental_useRealtime({
        model: chosen,
        api,
        onError: reject,
        onEvent({ type }) {
          types.push(type);
          if (type === last) resolve(types);
          if (type === 'session-created' && say) realtime.sendTextMessage(say);
        },
      });
      return null;
    }
    createRoot(document.createElement('div')).render(createElement(App));
    setTimeout(() => realtime.connect({ capture: false }).catch(reject), 100);
    setTimeout(() => reject(new Error('no ' + last + ' after ' + types.join(', '))), 20_000);
  });
`;

/** The names that the program puts into the page. */
// biome-ignore lint/suspicious/noExplicitAny: the SDKs run in the page, where no types are
type Globals = any;

let app: Server;
let origin: string;
let gateway: RunningGateway;
let browser: Browser;
let page: Page;
/** The key that the owner has made. */
let key: string;

beforeAll(async () => {
  const program = await bundled(PROGRAM + AI_PROGRAM);
  app = createServer(async ({ url = '' }, response) => {
    if (url.startsWith('/token')) return void response.end(JSON.stringify(await tokenOfAiSdk()));
    response.setHeader('content-type', url === '/app.js' ? 'text/javascript' : 'text/html');
    response.end(
      url === '/app.js' ? program : '<!doctype html><div id="root"></div><script type="module" src="/app.js"></script>',
    );
  });
  app.listen(0, '127.0.0.1');
  await once(app, 'listening');
  origin = `http://app.localhost:${(app.address() as AddressInfo).port}`;
  const times = { firstAudioMs: 10, firstTextMs: 10, tokenMs: 1, audioSpeed: 100 };
  [gateway, browser] = await Promise.all([
    startCommand({ access: 'keys', rehearsal: { times, awaitPlayback: false } }),
    launchChromium(),
  ]);
  const made = await post(`${gateway.admin}/keys`, { id: 'shop' });
  key = made.secret ?? '';
  page = await browser.newPage();
  await page.goto(origin);
  await page.waitForFunction(() => 'RealtimeSession' in globalThis);
});
afterAll(async () => {
  await browser?.close();
  await gateway?.close();
  app?.closeAllConnections();
  app?.close();
});

async function post(url: string, body: object, secret?: string): Promise<Record<string, string>> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${secret ?? ''}` };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  expect(response.ok, await response.clone().text()).toBe(true);
  return (await response.json()) as Record<string, string>;
}

/** Makes a secret, as the app's server does, for pages of the app alone. */
const mint = (terms: object) => post(`${gateway.origin}/v1/client_secrets`, { origins: [origin], ...terms }, key);

async function get(path: string): Promise<Globals> {
  return (await fetch(gateway.origin + path, { headers: { authorization: `Bearer ${key}` } })).json();
}

/** The session that a secret opened, once it has ended. */
const ended = (id: string) =>
  until(async () => {
    const { sessions } = await get('/v1/sessions?limit=100');
    const found = (sessions as unknown as Record<string, string>[]).find(({ clientSecret }) => clientSecret === id);
    return found?.state === 'closed' && found.id ? ((await get(`/v1/sessions/${found.id}`)) as Globals) : undefined;
  });

const billOf = ({ ledger }: Globals): Globals => ledger.find(({ kind }: Globals) => kind === 'realtime');

/** Talks with the agents SDK until the reply is complete or the session has ended. */
const talk = (secret: string) =>
  page.evaluate(
    async ({ url, secret }) => {
      const { RealtimeAgent, RealtimeSession } = globalThis as Globals;
      const agent = new RealtimeAgent({ name: 'Assistant' });
      const session = new RealtimeSession(agent, { transport: 'websocket', config: { outputModalities: ['text'] } });
      const events: Globals[] = [];
      const over = new Promise<void>((resolve) => {
        session.on('error', () => {});
        session.transport.on('connection_change', (status: string) => status === 'disconnected' && resolve());
        session.on('transport_event', (event: Globals) => {
          events.push(event);
          if (event.type === 'response.done') setTimeout(resolve, 300);
        });
      });
      await session.connect({ apiKey: secret, url: `${url}/v1/realtime?model=gpt-realtime-2.1` });
      session.sendMessage('Hello');
      await over;
      session.close();
      return events.map(({ type, error, session: told }) => ({ type, code: error?.code, told }));
    },
    { url: gateway.origin.replace('http', 'ws'), secret },
  );

test('a page talks with a client secret and nothing else: @openai/agents-realtime', async () => {
  const { id, value } = await mint({ provider: 'openai', endUser: 'ann', tags: { plan: 'free' }, maxUsd: 1 });
  const events = await talk(value as string);
  expect(events.map(({ type }) => type)).toContain('response.done');
  const session = await ended(id as string);
  for (const row of [session, ...session.ledger]) expect(row).toMatchObject({ endUser: 'ann', tags: { plan: 'free' } });
  expect(billOf(session).costMicroUsd).toBeGreaterThan(0);
});

test('what is pinned holds, and the page is not told of it', async () => {
  const instructions = 'Never speak of prices.';
  const { value } = await mint({ provider: 'openai', session: { type: 'realtime', instructions } });
  const events = await talk(value as string);
  expect(JSON.stringify(events)).not.toContain('prices');
  expect(events.filter(({ type }) => type === 'session.updated').length).toBeGreaterThan(0);
});

test('the money of a secret ends the call, and the ledger has the bill', async () => {
  const { id, value } = await mint({ provider: 'openai', maxUsd: 0.000_001 });
  const events = await talk(value as string);
  const session = await ended(id as string);
  expect(session).toMatchObject({ reason: 'budget-reached', closeCode: 4502 });
  expect(events.map(({ code }) => code)).toContain('budget_reached');
  expect(billOf(session)).toMatchObject({ outcome: 'ok', costSource: 'estimated' });
  expect(billOf(session).costMicroUsd).toBeGreaterThan(0);
});

test('a page of another origin, and a secret that was used, open nothing', async () => {
  const { value } = await mint({ provider: 'openai' });
  const other = await browser.newPage();
  await other.goto(origin.replace('app.', 'other.'));
  const opens = (from: Page) =>
    from.evaluate(
      ({ url, secret }) =>
        new Promise<boolean>((resolve) => {
          const socket = new WebSocket(url, ['realtime', `openai-insecure-api-key.${secret}`]);
          socket.onopen = () => resolve(true);
          socket.onerror = () => resolve(false);
        }),
      { url: `${gateway.origin.replace('http', 'ws')}/v1/realtime?model=gpt-realtime-2.1`, secret: value as string },
    );
  expect(await opens(other)).toBe(false);
  expect(await opens(page)).toBe(true);
  expect(await opens(page)).toBe(false);
});

test('a page talks with an ephemeral token: @google/genai', async () => {
  const { name } = await post(`${gateway.origin}/v1alpha/auth_tokens`, { trunkline: { origins: [origin] } }, key);
  const text = await page.evaluate(
    async ({ baseUrl, apiKey }) => {
      const { GoogleGenAI } = globalThis as Globals;
      const ai = new GoogleGenAI({ apiKey, httpOptions: { baseUrl, apiVersion: 'v1alpha' } });
      let said = '';
      let complete = () => {};
      const over = new Promise<void>((resolve) => {
        complete = resolve;
      });
      const session = await ai.live.connect({
        model: 'gemini-3.8-live',
        config: { responseModalities: ['AUDIO'], outputAudioTranscription: {} },
        callbacks: {
          onmessage({ serverContent }: Globals) {
            said += serverContent?.outputTranscription?.text ?? '';
            if (serverContent?.turnComplete) complete();
          },
        },
      });
      session.sendRealtimeInput({ text: 'Hello' });
      await over;
      session.close();
      return said;
    },
    { baseUrl: gateway.origin, apiKey: name as string },
  );
  expect(text).toContain('Hello');
});

/** The answer of the app's own server: the AI SDK makes a secret with the key, and names the gateway over TLS, which this one has not. */
async function tokenOfAiSdk(): Promise<object> {
  const ai = '@ai-sdk/openai';
  const { createOpenAI } = (await import(ai)) as Globals;
  const openai = createOpenAI({ baseURL: `${gateway.origin}/v1`, apiKey: key, fetch: withOrigins });
  const token = await openai.experimental_realtime.getToken({ model: 'gpt-realtime-2.1' });
  return { ...token, url: token.url.replace('wss:', 'ws:') };
}

/** Adds the pages of the app to what the SDK asks for. */
function withOrigins(url: string, options: RequestInit): Promise<Response> {
  const body = JSON.stringify({ ...JSON.parse(String(options.body)), trunkline: { origins: [origin] } });
  return fetch(url, { ...options, body });
}

describe('the hook useRealtime of the AI SDK', () => {
  const connect = (asked: object): Promise<string[]> =>
    page.evaluate((given) => (globalThis as Globals).useHook(given), asked);

  test('getToken makes a secret of the gateway, and the hook talks with it', async () => {
    const asked = { model: 'gpt-realtime-2.1', api: { token: '/token' }, last: 'response-done', say: 'Hello' };
    expect(await connect(asked)).toContain('session-created');
  });

  test('the hook talks by websocket and protocols', async () => {
    const { value } = await mint({ provider: 'openai' });
    const websocket = `${gateway.origin.replace('http', 'ws')}/v1/realtime?model=gpt-realtime-2.1`;
    const api = { websocket, protocols: ['realtime', `openai-insecure-api-key.${value}`] };
    const asked = { model: 'gpt-realtime-2.1', api, last: 'response-done', say: 'Hello' };
    expect(await connect(asked)).toContain('session-created');
  });
});
