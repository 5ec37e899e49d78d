// A page that only its client secret names, in Chromium: it follows its session over HTTP, ends it, and reads why anything else is refused.

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium, type RunningGateway, startCommand } from '../support/console-page.ts';

const KEY = 'secret-of-shop';
let app: Server;
let origin: string;
let gateway: RunningGateway;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  app = createServer((_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><title>Shop</title>');
  });
  app.listen(0, '127.0.0.1');
  await once(app, 'listening');
  origin = `http://app.localhost:${(app.address() as AddressInfo).port}`;
  [gateway, browser] = await Promise.all([
    startCommand({ keys: [{ id: 'shop', secret: KEY }], rehearsal: true }),
    launchChromium(),
  ]);
  page = await browser.newPage();
  await page.goto(origin);
});
afterAll(async () => {
  await browser?.close();
  await gateway?.close();
  app?.closeAllConnections();
  app?.close();
});

/** Makes a secret, as the app's server does, for pages of the app alone. */
async function mint(): Promise<string> {
  const response = await fetch(`${gateway.origin}/v1/client_secrets`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${KEY}` },
    body: JSON.stringify({ provider: 'openai', origins: [origin] }),
  });
  const { value } = (await response.json()) as { value: string };
  return value;
}

/** Opens a session under an id of the page, and follows its events while it asks about it, ends it and asks again. */
const follow = (secret: string) =>
  page.evaluate(
    async ({ url, secret }) => {
      const id = crypto.randomUUID();
      const headers = { authorization: `Bearer ${secret}` };
      const ask = async (path: string, init: RequestInit = {}) => {
        const answer = await fetch(`${url}/v1/sessions/${path}`, { ...init, headers: { ...headers, ...init.headers } });
        return { status: answer.status, requestId: answer.headers.get('x-request-id'), body: await answer.json() };
      };
      const target = `${url.replace('http', 'ws')}/v1/realtime?model=gpt-realtime-2.1&trunkline-session=${id}`;
      const socket = new WebSocket(target, ['realtime', `openai-insecure-api-key.${secret}`]);
      const closed = new Promise<number>((resolve) => {
        socket.onclose = ({ code }) => resolve(code);
      });
      await new Promise((resolve) => {
        socket.onmessage = resolve;
      });
      const streamed = fetch(`${url}/v1/sessions/${id}/events`, { headers }).then((answer) => answer.text());
      const source = new EventSource(`${url}/v1/sessions/${id}/events?access_token=${secret}`);
      const told = new Promise<string>((resolve) => {
        source.addEventListener('session.ended', ({ data }) => resolve(data));
      });
      const live = await ask(id);
      const type = { 'content-type': 'application/json' };
      const end = await ask(`${id}/end`, { method: 'POST', headers: type, body: '{"reason":"the shop closes"}' });
      const code = await closed;
      const [text, data] = await Promise.all([streamed, told]);
      source.close();
      const timeline = await ask(`${id}/timeline`);
      const errors = [await ask(crypto.randomUUID()), await ask(id, { method: 'DELETE' })];
      const used = await fetch(`${url}/v1/realtime?model=gpt-realtime-2.1`, { headers });
      return { id, live, end, code, text, data, timeline, errors, used: [used.status, await used.json()] };
    },
    { url: gateway.origin, secret },
  );

test('a page that only its secret names follows its session and ends it, and reads why anything else is refused', async () => {
  const seen = await follow(await mint());
  expect(seen.live).toMatchObject({ status: 200, body: { id: seen.id, state: 'open' } });
  expect(seen.live.requestId).toBeTruthy();
  expect(seen.end).toMatchObject({ status: 202, body: { id: seen.id } });
  expect(seen.code).toBe(4504);
  expect(seen.text).toMatch(/event: session\.ended/);
  expect(JSON.parse(seen.data)).toMatchObject({ session: seen.id, reason: 'ended-by-operator' });
  expect(seen.timeline).toMatchObject({ status: 200, body: { state: 'closed' } });
  expect(seen.errors).toMatchObject([
    { status: 404, body: { error: { code: 'unknown_session' } } },
    { status: 403, body: { error: { code: 'secret_not_allowed' } } },
  ]);
  expect(seen.used).toMatchObject([401, { error: { code: 'secret_used' } }]);
});

test('a page that the secret does not name reads nothing with it', async () => {
  const secret = await mint();
  const other = await browser.newPage();
  await other.goto(origin.replace('app.', 'other.'));
  const reads = (from: Page, path: string) =>
    from.evaluate(
      ({ url, secret }) =>
        fetch(url, { headers: { authorization: `Bearer ${secret}` } }).then(
          ({ status }) => status,
          () => 'nothing',
        ),
      { url: gateway.origin + path, secret },
    );
  const path = '/v1/sessions/00000000-0000-4000-8000-000000000001';
  for (const asked of [path, `${path}/events`, '/v1/realtime?model=gpt-realtime-2.1'])
    expect(await reads(other, asked)).toBe('nothing');
  expect(await reads(page, path)).toBe(404);
});
