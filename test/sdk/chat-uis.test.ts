// The transports of the AI SDK and the agent of AG-UI, as they are, against the whole gateway and its rehearsal.

import { HttpAgent } from '@ag-ui/client';
import { DefaultChatTransport, type UIMessage, type UIMessageChunk, WebSocketChatTransport } from 'ai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningGateway, startCommand } from '../support/console-page.ts';

let gateway: RunningGateway;
let key: string;
beforeAll(async () => {
  gateway = await startCommand({ access: 'keys', rehearsal: { times: { firstTextMs: 10, tokenMs: 1 } } });
  key = (await post(`${gateway.admin}/keys`, { id: 'shop' })).secret ?? '';
});
afterAll(() => gateway?.close());

async function post(url: string, body: object, secret = ''): Promise<Record<string, string>> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${secret}` };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  expect(response.ok, await response.clone().text()).toBe(true);
  return (await response.json()) as Record<string, string>;
}

const mint = async (terms: object = {}) => (await post(`${gateway.origin}/v1/client_secrets`, terms, key)).value ?? '';

const user = (text: string): UIMessage => ({ id: 'u1', role: 'user', parts: [{ type: 'text', text }] });
const overHttp = (secret: string) =>
  new DefaultChatTransport<UIMessage>({
    api: `${gateway.origin}/v1/ui/chat`,
    headers: { authorization: `Bearer ${secret}` },
  });
const overSocket = (secret: string) =>
  new WebSocketChatTransport<UIMessage>({
    url: `${gateway.origin}/v1/ui/chat`,
    protocols: ['trunkline', `openai-insecure-api-key.${secret}`],
  });
const send = (transport: DefaultChatTransport<UIMessage> | WebSocketChatTransport<UIMessage>, chatId: string) =>
  transport.sendMessages({
    ...{ chatId, messages: [user('Hello')], trigger: 'submit-message', messageId: undefined, abortSignal: undefined },
  });

async function chunksOf(stream: ReadableStream<UIMessageChunk> | null) {
  const chunks: UIMessageChunk[] = [];
  for await (const chunk of (stream ?? []) as AsyncIterable<UIMessageChunk>) chunks.push(chunk);
  return chunks;
}

const textOf = (chunks: readonly UIMessageChunk[]) =>
  chunks.map((chunk) => (chunk.type === 'text-delta' ? chunk.delta : '')).join('');
const SAID = 'This is the rehearsal provider. You wrote: Hello';

describe.each([
  ['DefaultChatTransport', overHttp],
  ['WebSocketChatTransport', overSocket],
] as const)('%s', (name, over) => {
  test('reads an answer, and any page of the key reads it again', async () => {
    const chat = `${name}-1`;
    const chunks = await chunksOf(await send(over(key), chat));
    expect(textOf(chunks)).toBe(SAID);
    expect(chunks[0]).toMatchObject({ type: 'start', messageId: expect.stringMatching(/^resp_[0-9a-f]{32}$/) });
    expect(chunks.at(-1)).toMatchObject({ type: 'finish', finishReason: 'stop' });
    for (const again of [overHttp(key), overSocket(key)])
      expect(await chunksOf(await again.reconnectToStream({ chatId: chat }))).toEqual(chunks);
    expect(await over(key).reconnectToStream({ chatId: 'none' })).toBeNull();
  });

  test('says what is wrong with a key and with a message', async () => {
    await expect(send(over('wrong-key-1'), 'x').then(chunksOf)).rejects.toThrow();
    const messages = [
      { id: 'u', role: 'user', parts: [{ type: 'file', mediaType: 'image/png', url: 'x' }] },
    ] as UIMessage[];
    const sent = over(key).sendMessages({
      ...{ chatId: 'x', messages, trigger: 'submit-message', messageId: undefined, abortSignal: undefined },
    });
    await expect(sent.then(chunksOf)).rejects.toThrow('messages[0].parts[0].url');
  });

  test('works with a client secret, as often as it likes; another secret sees nothing of it', async () => {
    const chat = `${name}-2`;
    const secret = await mint();
    for (let round = 0; round < 2; round++) expect(textOf(await chunksOf(await send(over(secret), chat)))).toBe(SAID);
    expect(textOf(await chunksOf(await over(secret).reconnectToStream({ chatId: chat })))).toBe(SAID);
    expect(await over(await mint()).reconnectToStream({ chatId: chat })).toBeNull();
  });

  test('goes on with the next secret of the same user', async () => {
    const chat = `${name}-3`;
    const secret = await mint({ endUser: 'ann' });
    expect(textOf(await chunksOf(await send(over(secret), chat)))).toBe(SAID);
    expect(textOf(await chunksOf(await over(await mint({ endUser: 'ann' })).reconnectToStream({ chatId: chat })))).toBe(
      SAID,
    );
    expect(await over(await mint({ endUser: 'bob' })).reconnectToStream({ chatId: chat })).toBeNull();
  });

  test('is refused with a secret that is for something else', async () => {
    for (const terms of [
      { provider: 'openai' },
      { models: ['openai/gpt-5-mini'] },
      { origins: ['https://app.example.com'] },
    ]) {
      const to = over(await mint(terms));
      await expect(send(to, 'x').then(chunksOf), JSON.stringify(terms)).rejects.toThrow();
    }
  });
});

test('a socket is told the protocol that is no credential', async () => {
  const socket = new WebSocket(`${gateway.origin.replace('http', 'ws')}/v1/ui/chat`, [
    `openai-insecure-api-key.${key}`,
    'trunkline',
  ]);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  expect(socket.protocol).toBe('trunkline');
  socket.close();
});

test('HttpAgent of AG-UI runs to its end', async () => {
  const agent = new HttpAgent({
    url: `${gateway.origin}/v1/ui/ag-ui`,
    headers: { authorization: `Bearer ${key}` },
    threadId: 'thread-1',
    initialMessages: [{ id: 'u1', role: 'user', content: 'Hello' }],
  });
  const { newMessages } = await agent.runAgent();
  expect(newMessages).toMatchObject([{ role: 'assistant', content: SAID }]);
  const again = await fetch(`${gateway.origin}/v1/ui/ag-ui/thread-1/stream`, {
    headers: { authorization: `Bearer ${key}` },
  });
  expect(await again.text()).toContain('RUN_FINISHED');
});

test('a stop ends nothing that has ended, and is an answer all the same', async () => {
  expect(await post(`${gateway.origin}/v1/ui/chat/none/stop`, {}, key)).toEqual({ success: true });
});
