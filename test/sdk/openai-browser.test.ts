// Uses the gateway as a web app does: from a page of another origin, in Chromium, with the SDK, with fetch, EventSource and WebSocket.

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium, type RunningGateway, startCommand } from '../support/console-page.ts';
import { root } from '../support/pages.ts';

const SECRET = 'secret-of-web';
const APP = `<!doctype html><script type="module">
  import { OpenAI } from '/openai/index.mjs';
  globalThis.OpenAI = OpenAI;
</script>`;
let app: Server;
let appPort: number;
let gateway: RunningGateway;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  app = createServer((request, response) => {
    const isModule = request.url?.startsWith('/openai/');
    response.setHeader('content-type', isModule ? 'text/javascript' : 'text/html');
    response.end(isModule ? readFileSync(join(root, 'node_modules', request.url ?? '')) : APP);
  });
  app.listen(0, '127.0.0.1');
  await once(app, 'listening');
  appPort = (app.address() as AddressInfo).port;
  const times = { firstAudioMs: 10, firstTextMs: 10, tokenMs: 1, audioSpeed: 100 };
  const config = {
    listen: { port: 0, tlsPort: false, origins: [`http://app.localhost:${appPort}`] },
    keys: [{ id: 'web', secret: SECRET }],
    rehearsal: { times, awaitPlayback: false },
  };
  [gateway, browser] = await Promise.all([startCommand(config), launchChromium()]);
  page = await pageOf('app.localhost');
});
afterAll(async () => {
  await browser?.close();
  await gateway?.close();
  app.closeAllConnections();
  app.close();
});

async function pageOf(name: string): Promise<Page> {
  const opened = await browser.newPage();
  await opened.goto(`http://${name}:${appPort}/`);
  return opened;
}

/** Streams a chat completion with the SDK. Returns its text and a header of the answer. */
const streamChat = (from: Page, apiKey: string) =>
  from.evaluate(
    async ({ origin, apiKey }) => {
      const { OpenAI } = globalThis as unknown as typeof import('openai');
      const openai = new OpenAI({ baseURL: `${origin}/v1`, apiKey, dangerouslyAllowBrowser: true, maxRetries: 0 });
      const messages = [{ role: 'user' as const, content: 'My invoice is wrong.' }];
      try {
        const answer = await openai.chat.completions
          .create({ model: 'any', messages, stream: true }, { headers: { 'x-trunkline-data-class': 'open' } })
          .withResponse();
        let text = '';
        for await (const piece of answer.data) text += piece.choices[0]?.delta.content ?? '';
        return { text, attempt: answer.response.headers.get('x-trunkline-attempt') };
      } catch (error) {
        return { status: (error as { status?: number }).status, message: String(error) };
      }
    },
    { origin: gateway.origin, apiKey },
  );

test('the SDK of a page of listen.origins streams a chat completion, and reads the headers of the gateway', async () => {
  const { text, attempt, message } = await streamChat(page, SECRET);
  expect(message).toBeUndefined();
  expect(text).not.toBe('');
  expect(attempt).toMatch(/^[0-9a-f-]{36}$/);
});

test('the SDK of such a page reads why it is refused', async () => {
  expect(await streamChat(page, 'wrong')).toMatchObject({ status: 401, message: expect.stringContaining('not a key') });
});

test('a page of another origin learns nothing', async () => {
  const other = await pageOf('other.localhost');
  expect(await streamChat(other, SECRET)).toMatchObject({ message: expect.stringContaining('Connection error') });
  await other.close();
});

test('such a page opens a session, and follows it with EventSource and with fetch', async () => {
  const id = randomUUID();
  const seen = await page.evaluate(
    async ({ origin, secret, id }) => {
      const url = `${origin.replace('http', 'ws')}/v1/realtime?model=gpt-realtime-2.1&trunkline-session=${id}`;
      const socket = new WebSocket(url, ['realtime', `openai-insecure-api-key.${secret}`]);
      const first = await new Promise<string>((resolve, reject) => {
        socket.onmessage = ({ data }) => resolve(JSON.parse(data).type);
        socket.onerror = () => reject(new Error('the session was refused'));
      });
      // The session is stored a moment after its 101.
      const stored = () => fetch(`${origin}/v1/sessions/${id}/events?api-key=${secret}`, { method: 'HEAD' });
      while (!(await stored()).ok) await new Promise((resolve) => setTimeout(resolve, 20));
      const headers = { authorization: `Bearer ${secret}`, 'last-event-id': '0' };
      const fetched = await fetch(`${origin}/v1/sessions/${id}/events`, { headers });
      const events = new EventSource(`${origin}/v1/sessions/${id}/events?api-key=${secret}`);
      await new Promise((resolve) => events.addEventListener('open', resolve));
      const ended = new Promise<string>((resolve) => {
        events.addEventListener('session.ended', ({ data }) => resolve(JSON.parse(data).reason));
      });
      socket.close();
      const reason = await ended;
      events.close();
      return { first, reason, fetched: await fetched.text() };
    },
    { origin: gateway.origin, secret: SECRET, id },
  );
  expect(seen).toMatchObject({ first: 'session.created', reason: 'client-closed' });
  expect(seen.fetched).toContain('event: session.ended');
});
