// The example chat-react in Chromium, as a newcomer starts it: its socket is cut and its page reloaded in mid-answer, and it reads one whole answer.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page, WebSocketRoute } from 'playwright-core';
import { createServer, resolveConfig, type ViteDevServer } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium, outputFolder, type RunningGateway, startCommand } from '../support/console-page.ts';
import { root } from '../support/pages.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { until } from '../support/until.ts';

let gateway: RunningGateway;
let app: ViteDevServer;
let browser: Browser;
let page: Page;
let address: string;
const sockets: WebSocketRoute[] = [];
const WORDS = Array.from({ length: 20 }, (_, index) => `word${index}`).join(' ');

beforeAll(async () => {
  [gateway, browser] = await Promise.all([
    startCommand({ rehearsal: { times: { firstTextMs: 50, tokenMs: 250 } } }),
    launchChromium(),
  ]);
  process.env.TRUNKLINE_URL = gateway.origin;
  app = await createServer({
    ...{ configFile: join(root, 'examples/chat-react/vite.config.js'), logLevel: 'silent' },
    server: { port: 0, host: '127.0.0.1' },
    cacheDir: temporaryFolder('chat-react'),
  });
  await app.listen();
  page = await browser.newPage();
  await page.routeWebSocket(/\/v1\/ui\/chat/, (socket) => {
    sockets.push(socket);
    socket.connectToServer();
  });
  const bound = app.httpServer?.address();
  address = `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : 0}/`;
  await page.goto(address);
});
afterAll(async () => {
  delete process.env.TRUNKLINE_URL;
  await browser?.close();
  await app?.close();
  await gateway?.close();
});

const answer = () => page.locator('[data-role="assistant"]').last().textContent();
const has = async (word: string) => await until(async () => ((await answer().catch(() => '')) ?? '').includes(word));

test('an answer goes on over a lost socket and a page that is loaded anew', async () => {
  await page.getByLabel('Message').fill(WORDS);
  await page.getByRole('button', { name: 'Send' }).click();
  await has('word2');
  await sockets.at(-1)?.close({ code: 1011, reason: 'cut' });
  await has('word5');
  await page.reload();
  await has('word19');
  await page.getByText('Ready').waitFor();
  expect(await answer()).toBe(`This is the rehearsal provider. You wrote: ${WORDS}`);
  expect(await page.locator('[data-role]').count()).toBe(2);
  expect(sockets.length).toBeGreaterThanOrEqual(3);
  mkdirSync(outputFolder, { recursive: true });
  await page.screenshot({ path: join(outputFolder, 'chat-react.png') });
});

test('a page whose server is refused a secret says why, and asks once', async () => {
  const refused = await browser.newPage();
  let asked = 0;
  await refused.route('**/secret', (route) => {
    asked += 1;
    return route.fulfill({ status: 401, json: { error: 'this key is not known' } });
  });
  await refused.goto(address);
  await refused.getByLabel('Message').fill('Hello');
  await refused.getByRole('button', { name: 'Send' }).click();
  await refused.getByRole('alert').getByText('this key is not known').waitFor();
  await refused.getByText('Ready').waitFor();
  expect(asked).toBe(1);
});

test('a page that finds no gateway says so, and goes on when there is one', async () => {
  const early = await browser.newPage();
  const isThere = Promise.withResolvers<void>();
  let asked = 0;
  await early.route('**/secret', async (route) => {
    asked += 1;
    if (asked === 1) return route.fulfill({ status: 502, json: { error: 'the gateway cannot be reached' } });
    await isThere.promise;
    return route.continue();
  });
  await early.goto(address);
  await early.getByLabel('Message').fill('Hello');
  await early.getByRole('button', { name: 'Send' }).click();
  await early.getByText('Answering, the connection is lost and comes back').waitFor();
  await early.getByRole('alert').getByText('the gateway cannot be reached').waitFor();
  isThere.resolve();
  await early.getByText('You wrote: Hello').waitFor();
  expect(await early.getByRole('alert').count()).toBe(0);
});

test('two examples that run at once keep their packages apart', async () => {
  const caches = ['chat-react', 'voice-browser'].map(async (example) => {
    const configFile = join(root, 'examples', example, 'vite.config.js');
    return (await resolveConfig({ configFile }, 'serve')).cacheDir;
  });
  expect(new Set(await Promise.all(caches)).size).toBe(2);
});
