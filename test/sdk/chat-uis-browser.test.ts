// A page with the hook `useChat` in Chromium: it loses its socket, is reloaded and is open twice in the middle of an answer, and shows one whole
// answer each time.

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium, type RunningGateway, startCommand } from '../support/console-page.ts';
import { servePage } from '../support/page-app.ts';

const PROGRAM = `
  import { useChat } from '@ai-sdk/react';
  import { DefaultChatTransport, WebSocketChatTransport } from 'ai';
  import { createElement } from 'react';
  import { createRoot } from 'react-dom/client';

  const query = new URLSearchParams(location.search);
  const id = query.get('chat');
  const credential = query.get('key');
  const kept = 'messages ' + id;
  const sockets = [];
  class Kept extends WebSocket {
    constructor(...args) {
      super(...args);
      sockets.push(this);
    }
  }
  const transport =
    query.get('over') === 'http'
      ? new DefaultChatTransport({ api: query.get('url'), headers: { authorization: 'Bearer ' + credential } })
      : new WebSocketChatTransport({
          url: query.get('url'),
          protocols: ['trunkline', 'openai-insecure-api-key.' + credential],
          webSocket: Kept,
        });
  function App() {
    const chat = useChat({ id, transport, resume: true, messages: JSON.parse(localStorage.getItem(kept) ?? '[]') });
    localStorage.setItem(kept, JSON.stringify(chat.messages));
    Object.assign(globalThis, { chat, sockets });
    return null;
  }
  createRoot(document.getElementById('root')).render(createElement(App));
`;

/** The names that the program puts into the page. */
// biome-ignore lint/suspicious/noExplicitAny: the SDK runs in the page, where no types are
type Globals = any;

const WORDS = Array.from({ length: 40 }, (_, at) => `word${at}`).join(' ');
/** The whole answer. */
let said: string;

let app: Awaited<ReturnType<typeof servePage>>;
let gateway: RunningGateway;
let browser: Browser;

beforeAll(async () => {
  app = await servePage(PROGRAM);
  [gateway, browser] = await Promise.all([
    startCommand({
      listen: { port: 0, tlsPort: false, origins: [app.origin] },
      // A page on a busy machine takes seconds to open, and the answer is to be under way then.
      rehearsal: { times: { firstTextMs: 50, tokenMs: 150 } },
    }),
    launchChromium(),
  ]);
  said = await wholeAnswer();
});
afterAll(async () => {
  await browser?.close();
  await gateway?.close();
  app?.close();
});

async function wholeAnswer(): Promise<string> {
  const body = JSON.stringify({ model: 'any', messages: [{ role: 'user', content: WORDS }] });
  const headers = { 'content-type': 'application/json', authorization: 'Bearer any-key' };
  const response = await fetch(`${gateway.origin}/v1/chat/completions`, { method: 'POST', headers, body });
  const { choices } = (await response.json()) as Globals;
  return choices[0].message.content;
}

async function opened(chat: string, over: 'http' | 'socket'): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await visit(page, chat, over);
  return page;
}

async function visit(page: Page, chat: string, over: 'http' | 'socket'): Promise<void> {
  const query = new URLSearchParams({ chat, over, key: 'any-key', url: `${gateway.origin}/v1/ui/chat` });
  await page.goto(`${app.origin}/?${query}`);
  await page.waitForFunction(() => (globalThis as Globals).chat !== undefined);
}

const ask = (page: Page, text: string) =>
  page.evaluate((words) => void (globalThis as Globals).chat.sendMessage({ text: words }), text);

/** The texts of the assistant's messages. */
const answers = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    (globalThis as Globals).chat.messages
      .filter(({ role }: Globals) => role === 'assistant')
      .map(({ parts }: Globals) => parts.map(({ text = '' }: Globals) => text).join('')),
  );

/** Waits until the answer has so many characters. */
const hears = (page: Page, characters: number) =>
  page.waitForFunction((least) => {
    const last = (globalThis as Globals).chat.messages.at(-1);
    const text = last?.parts.map(({ text: piece = '' }: Globals) => piece).join('') ?? '';
    return last?.role === 'assistant' && text.length >= least;
  }, characters);

test('a page that loses its socket in the middle goes on', async () => {
  const page = await opened('cut', 'socket');
  await ask(page, WORDS);
  await hears(page, 60);
  await page.evaluate(() => (globalThis as Globals).sockets.at(-1).close());
  await page.waitForFunction(() => (globalThis as Globals).chat.status === 'error');
  expect((await answers(page))[0]?.length).toBeLessThan(said.length);
  await page.evaluate(() => void (globalThis as Globals).chat.resumeStream());
  await hears(page, said.length);
  expect(await answers(page)).toEqual([said]);
});

test.each(['socket', 'http'] as const)('a page that is reloaded in the middle goes on: %s', async (over) => {
  const page = await opened(`reload-${over}`, over);
  await ask(page, WORDS);
  await hears(page, 60);
  await visit(page, `reload-${over}`, over);
  await hears(page, said.length);
  expect(await answers(page)).toEqual([said]);
  await page.waitForFunction(() => (globalThis as Globals).chat.status === 'ready');
});

test('a second page sees the same answer, and both are told when it is stopped', async () => {
  // Both are open before the question, since a page on a busy machine may take as long to open as an answer lasts.
  const [first, second] = [await opened('twice', 'socket'), await opened('twice', 'http')];
  await ask(first, WORDS);
  await hears(first, 40);
  await second.evaluate(() => void (globalThis as Globals).chat.resumeStream());
  await hears(second, 60);
  await first.evaluate(() => void (globalThis as Globals).chat.stop());
  for (const page of [first, second]) await page.waitForFunction(() => (globalThis as Globals).chat.status === 'ready');
  const [heard = ''] = await answers(second);
  expect(said.startsWith(heard)).toBe(true);
  expect(heard.length).toBeLessThan(said.length);
});
