// Tools of a page with the hook `useChat` in Chromium: they run once, wait for the user's yes, and an answer goes on when the page is reloaded in
// the middle of their step. The page asks the gateway itself, or a route of its app that calls `streamText`.

import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { createOpenAI } from '@ai-sdk/openai';
import { convertToModelMessages, streamText, tool } from 'ai';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { launchChromium, type RunningGateway, startCommand } from '../support/console-page.ts';
import { servePage } from '../support/page-app.ts';

/** Long enough that a page can be reloaded while the model writes it. */
const CITY = `Bonn${' am Rhein'.repeat(24)}`;

const PROGRAM = `
  import { useChat } from '@ai-sdk/react';
  import * as ai from 'ai';
  import { createElement } from 'react';
  import { createRoot } from 'react-dom/client';
  import { GatewayChatTransport } from './client/index.ts';

  const query = new URLSearchParams(location.search);
  const [id, gateway, credential] = ['chat', 'gateway', 'key'].map((name) => query.get(name));
  /** Such as streaming:60: the state of the last part and the characters of its text at which the page reloads itself, one after the other. */
  const reloads = query.get('reloads').split(',');
  const parameters = { type: 'object', properties: { city: { enum: ['${CITY}'] } }, required: ['city'] };
  const body = {
    model: 'any',
    tools: ['get_weather', 'delete_file'].map((name) => ({ type: 'function', name, parameters })),
    toolApproval: { delete_file: 'user-approval' },
  };
  const url = gateway + '/v1/ui/chat';
  const transport = {
    http: () => new ai.DefaultChatTransport({ api: url, headers: { authorization: 'Bearer ' + credential }, body }),
    socket: () =>
      new ai.WebSocketChatTransport({ url, protocols: ['trunkline', 'openai-insecure-api-key.' + credential], body }),
    client: () => new GatewayChatTransport({ gateway, credential, body }),
    route: () => undefined,
  }[query.get('over')]();
  const read = (name) => JSON.parse(localStorage.getItem(name + id) ?? '[]');
  const keep = (name, value) => localStorage.setItem(name + id, JSON.stringify(value));
  function App() {
    const chat = useChat({
      id,
      transport,
      resume: true,
      messages: read('messages'),
      sendAutomaticallyWhen: (state) =>
        ai.lastAssistantMessageIsCompleteWithToolCalls(state) ||
        ai.lastAssistantMessageIsCompleteWithApprovalResponses(state),
      onFinish: () => keep('finished', [...read('finished'), 'one']),
      onToolCall({ toolCall: { toolName, toolCallId, input } }) {
        // The SDK also tells of tools that the route runs.
        if (query.get('over') === 'route' && toolName !== 'get_weather') return;
        keep('ran', [...read('ran'), toolName]);
        chat.addToolOutput({ tool: toolName, toolCallId, output: toolName + ' of ' + input.city });
      },
    });
    keep('messages', chat.messages);
    Object.assign(globalThis, { chat, read });
    const { state, text = '' } = chat.messages.at(-1)?.parts.at(-1) ?? {};
    const [awaited, characters = 0] = reloads[read('reloaded').length]?.split(':') ?? [];
    if (state !== undefined && state === awaited && text.length >= characters) {
      keep('reloaded', [...read('reloaded'), awaited]);
      location.reload();
    }
    return null;
  }
  createRoot(document.getElementById('root')).render(createElement(App));
`;

/** The names that the program puts into the page. */
// biome-ignore lint/suspicious/noExplicitAny: the SDK runs in the page, where no types are
type Globals = any;

let app: Awaited<ReturnType<typeof servePage>>;
let gateway: RunningGateway;
let browser: Browser;

beforeAll(async () => {
  app = await servePage(PROGRAM, (request, response) => {
    if (request.method === 'GET') return void response.writeHead(204).end();
    void request.toArray().then((pieces) => answer(JSON.parse(Buffer.concat(pieces).toString()).messages, response));
  });
  [gateway, browser] = await Promise.all([
    startCommand({
      listen: { port: 0, tlsPort: false, origins: [app.origin] },
      rehearsal: { times: { firstTextMs: 50, tokenMs: 40 } },
    }),
    launchChromium(),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await gateway?.close();
  app?.close();
});

const deleted: string[] = [];
const city = z.object({ city: z.enum(['Bonn']) });
const tools = {
  // Runs in the page.
  get_weather: tool({ inputSchema: city, outputSchema: z.string() }),
  delete_file: tool({ inputSchema: city, execute: ({ city }) => `${deleted.push(city)} deleted` }),
};

/** A route of an app, as the documents of the AI SDK have it. */
async function answer(messages: Globals, response: ServerResponse): Promise<void> {
  const openai = createOpenAI({ baseURL: `${gateway.origin}/v1`, apiKey: 'any-key' });
  const result = streamText({
    model: openai('any'),
    messages: await convertToModelMessages(messages),
    tools,
    toolApproval: { delete_file: 'user-approval' },
  });
  const { status, headers, body } = result.toUIMessageStreamResponse({ originalMessages: messages });
  response.writeHead(status, Object.fromEntries(headers));
  await pipeline(body ?? [], response);
}

async function opened(chat: string, over: string, reloads = ''): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  const query = new URLSearchParams({ chat, over, reloads, key: 'any-key', gateway: gateway.origin });
  await page.goto(`${app.origin}/?${query}`);
  await page.waitForFunction(() => (globalThis as Globals).chat !== undefined);
  return page;
}

const ask = (page: Page, text: string) =>
  page.evaluate((words) => void (globalThis as Globals).chat.sendMessage({ text: words }), text);

/** Waits until the chat rests with a message of the assistant whose last part is of this kind, and gives its parts, in short. */
async function rests(page: Page, kind: RegExp): Promise<readonly string[]> {
  const parts = await page.waitForFunction((wanted) => {
    const { messages, status } = (globalThis as Globals).chat ?? { messages: [] };
    const { role, parts = [] } = messages.at(-1) ?? {};
    const short = parts.map(({ type, state = '', text = '' }: Globals) => [type, state, text].join(' ').trim());
    return status === 'ready' && role === 'assistant' && new RegExp(wanted).test(short.at(-1)) && short;
  }, kind.source);
  return (await parts.jsonValue()) as readonly string[];
}

/** Reads what the page has noted under that name. */
const noted = (page: Page, name: string): Promise<string[]> =>
  page.evaluate((name) => (globalThis as Globals).read(name), name);

/** Answers the question that the chat waits with. */
const decide = (page: Page, approved: boolean) =>
  page.evaluate((yes) => {
    const { messages, addToolApprovalResponse } = (globalThis as Globals).chat;
    const { id } = messages.at(-1).parts.at(-1).approval;
    void addToolApprovalResponse({ id, approved: yes, ...(yes ? {} : { reason: 'Keep it.' }) });
  }, approved);

const said = (name: string, output: string) => {
  const line = output.length > 160 ? `${output.slice(0, 160).trimEnd()} ...` : output;
  return `text done This is the rehearsal provider. The tool ${name} answered: ${line}`;
};

describe.each(['http', 'socket', 'client'])('over %s', { concurrent: true }, (over) => {
  test('a tool runs once, though the page is reloaded while its input comes, and while the next step answers', async () => {
    const page = await opened(`reload-${over}`, over, 'input-streaming,streaming:60');
    await ask(page, 'get_weather');
    expect(await rests(page, /^text done/)).toEqual([
      ...['step-start', 'tool-get_weather output-available', 'step-start'],
      said('get_weather', `get_weather of ${CITY}`),
    ]);
    expect(await noted(page, 'ran')).toEqual(['get_weather']);
    expect(await noted(page, 'reloaded')).toEqual(['input-streaming', 'streaming']);
  });

  test('a tool that needs a yes waits for it over a reload, and a no is told to the model', async () => {
    const page = await opened(`approval-${over}`, over);
    await ask(page, 'delete_file');
    const asked = ['step-start', 'tool-delete_file approval-requested'];
    expect(await rests(page, /approval-requested/)).toEqual(asked);
    await page.waitForFunction(() => (globalThis as Globals).read?.('finished').length === 1);
    await page.reload();
    // The answer is read again.
    await page.waitForFunction(() => (globalThis as Globals).read?.('finished').length === 2);
    expect(await rests(page, /approval-requested/)).toEqual(asked);
    expect(await noted(page, 'ran')).toEqual([]);
    await decide(page, true);
    expect(await rests(page, /^text done/)).toEqual([
      ...['step-start', 'tool-delete_file output-available', 'step-start'],
      said('delete_file', `delete_file of ${CITY}`),
    ]);
    await ask(page, 'delete_file again');
    await rests(page, /approval-requested/);
    await decide(page, false);
    expect(await rests(page, /^text done/)).toEqual([
      ...['step-start', 'tool-delete_file output-denied', 'step-start'],
      said('delete_file', 'Keep it.'),
    ]);
    expect(await noted(page, 'ran')).toEqual(['delete_file']);
  });
});

test('a route of an app calls the model with streamText: tools of the page, of the route, and of the route after a yes', async () => {
  const page = await opened('route', 'route');
  await ask(page, 'Hello');
  expect(await rests(page, /^text done/)).toContain('text done This is the rehearsal provider. You wrote: Hello');
  await ask(page, 'get_weather');
  expect(await rests(page, /^text done/)).toContain(said('get_weather', 'get_weather of Bonn'));
  await ask(page, 'delete_file');
  await rests(page, /approval-requested/);
  expect(deleted).toEqual([]);
  await decide(page, true);
  expect(await rests(page, /^text done/)).toContain(said('delete_file', '1 deleted'));
  expect(deleted).toEqual(['Bonn']);
  expect(await noted(page, 'ran')).toEqual(['get_weather']);
});
