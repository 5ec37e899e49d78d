// The WebSocket of chats, with the transport of the AI SDK as it is, and with frames that it would never send.

import { readUIMessageStream, type UIMessage, type UIMessageChunk, WebSocketChatTransport } from 'ai';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type ChatServer, startChatServer } from '../../../../support/chat-server.ts';
import type { FakeRun } from '../../../../support/fake-runs.ts';
import { seededRandom } from '../../../../support/random.ts';
import { answerOf, callEvents, textEvents } from '../../../../support/response-events.ts';
import { until } from '../../../../support/until.ts';

let server: ChatServer;
beforeEach(async () => {
  server = await startChatServer();
});
afterEach(() => server.close());

const user = (text: string): UIMessage => ({ id: 'u1', role: 'user', parts: [{ type: 'text', text }] });
const transport = () => new WebSocketChatTransport<UIMessage>({ url: server.url, body: { model: 'some/model' } });

const send = (to: WebSocketChatTransport<UIMessage>, chatId = 'chat-1', more: object = {}) =>
  to.sendMessages({
    ...{ chatId, messages: [user('Hello')], trigger: 'submit-message', messageId: undefined, abortSignal: undefined },
    ...more,
  });

async function chunksOf(stream: ReadableStream<UIMessageChunk>, most = Number.POSITIVE_INFINITY) {
  const chunks: UIMessageChunk[] = [];
  const reader = stream.getReader();
  while (chunks.length < most) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
  }
  reader.releaseLock();
  return chunks;
}

const textOf = (chunks: readonly UIMessageChunk[]) =>
  chunks.map((chunk) => (chunk.type === 'text-delta' ? chunk.delta : '')).join('');

/** Pieces of a text, and the events of an answer with it. */
const PIECES = Array.from({ length: 40 }, (_, at) => `${at} `);
const ANSWER = answerOf(textEvents(PIECES));

describe('the transport of the AI SDK', () => {
  test('sends a message and reads the answer', async () => {
    server.runs.onStart = (run) => {
      run.write(...ANSWER);
      run.end();
    };
    const chunks = await chunksOf(await send(transport(), 'chat-1', { headers: { 'X-Trunkline-Class': 'free' } }));
    expect(textOf(chunks)).toBe(PIECES.join(''));
    expect(chunks.at(-1)).toMatchObject({ type: 'finish', finishReason: 'stop' });
    const [run] = server.runs.started;
    expect(run?.order).toMatchObject({
      ...{ chat: 'chat-1', headers: { 'x-trunkline-class': 'free' } },
      body: { model: 'some/model', input: [{ role: 'user' }], stream: true },
    });
    await until(() => server.places() === 0);
  });

  test('reads many answers at once on one socket', async () => {
    const to = transport();
    const streams = await Promise.all(['a', 'b', 'c'].map((chat) => send(to, chat)));
    await until(() => server.runs.started.length === 3);
    const all = Promise.all(streams.map((stream) => chunksOf(stream)));
    for (const event of ANSWER) for (const run of server.runs.started) run.write(event);
    for (const run of server.runs.started) run.end();
    for (const chunks of await all) expect(textOf(chunks)).toBe(PIECES.join(''));
    expect(server.sockets.size).toBe(1);
  });

  test('that stops ends the run', async () => {
    const stop = new AbortController();
    const stream = await send(transport(), 'chat-1', { abortSignal: stop.signal });
    const run = await until(() => server.runs.started[0]);
    run.write(...ANSWER.slice(0, 9));
    await chunksOf(stream, 4);
    stop.abort();
    await until(() => run.isCancelled && run.readers === 0);
    expect(server.places()).toBe(0);
  });

  test('that stops before the run has begun ends it, too', async () => {
    const begins = Promise.withResolvers<void>();
    server.runs.onStart = () => begins.promise;
    const stop = new AbortController();
    await send(transport(), 'chat-1', { abortSignal: stop.signal });
    const run = await until(() => server.runs.started[0]);
    stop.abort();
    await until(() => server.places() === 0);
    begins.resolve();
    await until(() => run.isCancelled);
  });

  test('that loses its socket ends nothing, and resumes to one whole answer', async () => {
    const to = transport();
    const stream = await send(to);
    const run = await until(() => server.runs.started[0]);
    run.write(...ANSWER.slice(0, 20));
    const first = await chunksOf(stream, 8);
    for (const socket of server.sockets) socket.terminate();
    await expect(chunksOf(stream)).rejects.toThrow();
    await until(() => run.readers === 0);
    expect(run.isCancelled).toBe(false);
    const resumed = await to.reconnectToStream({ chatId: 'chat-1' });
    run.write(...ANSWER.slice(20));
    run.end();
    const chunks = await chunksOf(resumed as ReadableStream<UIMessageChunk>);
    expect(chunks.slice(0, first.length)).toEqual(first);
    expect(textOf(chunks)).toBe(PIECES.join(''));
  });

  test('resumes an answer that has ended, for two pages alike, and hears where there is none', async () => {
    const [one, two] = [transport(), transport()];
    server.runs.onStart = (run) => run.write(...ANSWER.slice(0, 20));
    await send(one);
    const [first, second] = await Promise.all([one, two].map((to) => to.reconnectToStream({ chatId: 'chat-1' })));
    const run = await until(() => server.runs.started[0]);
    run.write(...ANSWER.slice(20));
    run.end();
    const both = await Promise.all([first, second].map((stream) => chunksOf(stream as ReadableStream<UIMessageChunk>)));
    expect(both[0]).toEqual(both[1]);
    const later = await two.reconnectToStream({ chatId: 'chat-1' });
    expect(await chunksOf(later as ReadableStream<UIMessageChunk>)).toEqual(both[0]);
    expect(await two.reconnectToStream({ chatId: 'chat-2' })).toBeNull();
  });

  test('hears what is wrong with its request', async () => {
    const to = transport();
    server.runs.problem = { status: 404, code: 'model_not_found', message: 'no such model', param: 'model' };
    await expect(chunksOf(await send(to))).rejects.toThrow('no such model');
    const call = { type: 'tool-x', toolCallId: 'c', state: 'input-available', input: {} };
    const messages = [user('Hi'), { id: 'a1', role: 'assistant', parts: [call] }];
    await expect(chunksOf(await send(to, 'chat-1', { messages }))).rejects.toThrow('messages[1].parts[0].state');
    expect(server.refused.map(({ code }) => code)).toEqual(['model_not_found', 'invalid_request']);
    expect(server.sockets.size).toBe(1);
  });

  test('gets calls that the user has allowed, and no run begins', async () => {
    const approval = { id: 'approval-c', approved: true };
    const call = { type: 'tool-x', toolCallId: 'c', state: 'approval-responded', input: { a: 1 }, approval };
    const messages = [user('Hi'), { id: 'a1', role: 'assistant', parts: [call] }];
    expect(await chunksOf(await send(transport(), 'chat-1', { messages }))).toEqual([
      { type: 'start', messageId: 'a1' },
      { type: 'tool-input-available', toolCallId: 'c', toolName: 'x', input: { a: 1 } },
      { type: 'finish', finishReason: 'tool-calls' },
    ]);
    expect(server.runs.started).toEqual([]);
  });

  test('resumes a second step with what its message had before', async () => {
    const call = { type: 'tool-x', toolCallId: 'c', state: 'output-available', input: {}, output: 1 };
    const message = { id: 'a1', role: 'assistant', parts: [{ type: 'step-start' }, call] };
    const to = transport();
    server.runs.onStart = (run) => run.write(...answerOf([...textEvents(['Done']), ...callEvents('x', ['{}'], 1)]));
    await send(to, 'chat-1', { messages: [user('Hi'), message] });
    const run = await until(() => server.runs.started[0]);
    run.end();
    const stream = await to.reconnectToStream({ chatId: 'chat-1' });
    let last: UIMessage | undefined;
    for await (const state of readUIMessageStream({ stream: stream as ReadableStream<UIMessageChunk> })) last = state;
    expect(last?.id).toBe('a1');
    expect(last?.parts.map(({ type }) => type)).toEqual(['step-start', 'tool-x', 'step-start', 'text', 'tool-x']);
  });
});

test('a request without a place is refused, and takes none', async () => {
  server.close();
  server = await startChatServer({ maxPlaces: 0 });
  await expect(chunksOf(await send(transport()))).rejects.toThrow('side.requests');
});

/** Rounds that run at once. */
const AT_ONCE = 25;

test('a page that drops at random points and resumes gets every chunk once, in order', async () => {
  const batches = process.env.TRUNKLINE_LONG === '1' ? 2000 / AT_ONCE : 1;
  const random = seededRandom(7);
  const whole = await answerFor('whole', (run) => run.write(...ANSWER));
  for (let batch = 0; batch < batches; batch++) {
    const rounds = Array.from({ length: AT_ONCE }, (_, at) =>
      answerFor(`chat-${batch}-${at}`, async (run, page) => {
        const events = [...ANSWER];
        while (events.length > 0) {
          run.write(...events.splice(0, 1 + random.below(9)));
          if (random.below(10) < 4) await page.lose(random.below(12));
          else await new Promise((resolve) => setImmediate(resolve));
        }
      }),
    );
    for (const chunks of await Promise.all(rounds)) expect(chunks).toEqual(whole);
  }
}, 300_000);

/** The chunks that a page has got when its answer has ended. */
async function answerFor(chat: string, write: (run: FakeRun, page: Page) => unknown): Promise<readonly unknown[]> {
  const page = new Page(chat);
  page.ask();
  const run = await until(() => server.runs.started.find((started) => started.chat === chat));
  await write(run, page);
  run.end();
  return page.end;
}

/** A page that keeps the chunks it has got, and resumes behind the last of them. */
class Page {
  readonly #chat: string;
  readonly #chunks: unknown[] = [];
  readonly #end = Promise.withResolvers<readonly unknown[]>();
  #socket: WebSocket | undefined;
  #requests = 0;

  constructor(chat: string) {
    this.#chat = chat;
  }

  get end(): Promise<readonly unknown[]> {
    return this.#end.promise;
  }

  ask(): void {
    this.#open({ type: 'send', messages: [user('Hello')] });
  }

  /** Cuts the socket off after so many more chunks, and resumes. */
  async lose(chunks: number): Promise<void> {
    const most = this.#chunks.length + chunks;
    for (let turn = 0; turn < 20 && this.#chunks.length < most; turn++)
      await new Promise((resolve) => setImmediate(resolve));
    this.#socket?.removeAllListeners('message');
    this.#socket?.terminate();
    const { length } = this.#chunks;
    const place = { responseId: 'resp_1', lastSequence: length - 1 };
    this.#open({ type: 'resume', ...(length === 0 ? {} : place) });
  }

  #open(frame: object): void {
    const socket = new WebSocket(server.url);
    const requestId = `r${this.#requests++}`;
    this.#socket = socket;
    socket.on('error', () => {});
    socket.on('open', () =>
      socket.send(JSON.stringify({ ...frame, requestId, id: this.#chat, headers: {}, body: {} })),
    );
    socket.on('message', (data) => {
      const reply = JSON.parse(String(data));
      if (reply.type === 'chunk') {
        expect(reply.sequence).toBe(this.#chunks.length);
        this.#chunks.push(reply.chunk);
      }
      if (reply.type !== 'end') return;
      socket.close();
      this.#end.resolve(this.#chunks);
    });
  }
}
