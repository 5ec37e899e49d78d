// A `ChatTransport` for the AI SDK's `useChat` over the WebSocket /v1/ui/chat. Beside what the SDK's own does, it opens a lost socket again and
// goes on with each answer behind the last chunk that came, so that the page notices nothing.

import type { ChatTransport, UIMessage, UIMessageChunk } from 'ai';
import { Backoff, type BackoffOptions, pause } from '../backoff.ts';
import type { SocketClose } from '../closes.ts';
import { type Credential, openSocket, socketUrl } from '../dial.ts';
import { GatewayProblem } from '../problem.ts';
import { ChatAnswer } from './answer.ts';
import { type AskFrame, readAnswerFrame } from './frames.ts';

/** `waiting`: the socket was lost while something is being answered, and another is to be opened. */
type ChatSocketState = 'closed' | 'connecting' | 'open' | 'waiting';

export interface GatewayChatOptions {
  /** Address of the gateway, such as `https://gateway.example.com`. */
  readonly gateway: string;
  readonly credential: Credential;
  /** Fields of each request beside the messages, such as `{ model: 'gpt-6-luna' }`. */
  readonly body?: object | (() => object);
  /** Such as `{ 'x-trunkline-class': 'support' }`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly retry?: BackoffOptions | false;
  readonly WebSocket?: typeof WebSocket;
  readonly fetch?: typeof fetch;
  /** `cause`: why the page has to wait. */
  onState?(state: ChatSocketState, cause?: Error): void;
}

type SendOptions<Message extends UIMessage> = Parameters<ChatTransport<Message>['sendMessages']>[0];
type ReconnectOptions<Message extends UIMessage> = Parameters<ChatTransport<Message>['reconnectToStream']>[0];
type RequestFields = Pick<ReconnectOptions<UIMessage>, 'headers' | 'body' | 'metadata'>;

export class GatewayChatTransport<Message extends UIMessage = UIMessage> implements ChatTransport<Message> {
  /** Tells the AI SDK that a resumed answer comes from its beginning. */
  readonly resumeStreamIsReplay = true;
  readonly #options: GatewayChatOptions;
  readonly #backoff: Backoff;
  /** Answers under way, by the id of their newest request. */
  readonly #answers = new Map<string, ChatAnswer>();
  #socket: WebSocket | undefined;
  #isOpening = false;
  #closed = new AbortController();

  constructor(options: GatewayChatOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.retry || {});
  }

  async sendMessages(options: SendOptions<Message>): Promise<ReadableStream<UIMessageChunk>> {
    const { chatId: id, messages, trigger, messageId, abortSignal } = options;
    const frame: AskFrame = { type: 'send', id, messages, trigger, messageId, ...this.#fields(options) };
    const stream = await this.#ask(frame, abortSignal);
    if (stream === null) throw new Error('the gateway answered a message as a resume');
    return stream;
  }

  reconnectToStream(options: ReconnectOptions<Message>): Promise<ReadableStream<UIMessageChunk> | null> {
    return this.#ask({ type: 'resume', id: options.chatId, ...this.#fields(options) }, options.abortSignal);
  }

  /** Ends the socket, and the reading of what is being answered: the answers themselves go on for a while, to be resumed. */
  close(): void {
    this.#closed.abort();
    this.#closed = new AbortController();
    this.#socket?.close(1000);
    this.#socket = undefined;
    this.#failAll(new Error('the chat was closed'));
    this.#options.onState?.('closed');
  }

  #fields({ headers, body, metadata }: RequestFields) {
    const own = typeof this.#options.body === 'function' ? this.#options.body() : this.#options.body;
    return {
      headers: { ...this.#options.headers, ...Object.fromEntries(new Headers(headers)) },
      body: { ...own, ...body },
      metadata,
    };
  }

  #ask(frame: AskFrame, signal: AbortSignal | undefined): Promise<ReadableStream<UIMessageChunk> | null> {
    const { promise, resolve, reject } = Promise.withResolvers<ReadableStream<UIMessageChunk> | null>();
    const answer: ChatAnswer = new ChatAnswer(frame, {
      begun: resolve,
      failed: reject,
      left: () => this.#abort(answer),
    });
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    signal?.addEventListener('abort', () => this.#abort(answer), { once: true });
    this.#send(crypto.randomUUID(), answer);
    return promise;
  }

  /** Asks under that id now, or as soon as there is a socket. */
  #send(requestId: string, answer: ChatAnswer): void {
    this.#answers.set(requestId, answer);
    if (this.#socket === undefined) return void this.#open();
    this.#socket.send(JSON.stringify(answer.frame(requestId)));
    answer.sent();
    if (answer.isAborted) this.#finishAbort(requestId);
  }

  /** An answer that nobody wants any more is ended at the gateway, too; now, or when there is a socket again. */
  #abort(answer: ChatAnswer): void {
    const requestId = this.#idOf(answer);
    if (requestId === undefined || answer.isAborted) return;
    answer.isAborted = true;
    answer.close();
    if (this.#socket !== undefined) this.#finishAbort(requestId);
    else if (!answer.wasSent) this.#answers.delete(requestId);
  }

  #finishAbort(requestId: string): void {
    this.#answers.delete(requestId);
    this.#socket?.send(JSON.stringify({ type: 'abort', requestId }));
  }

  #idOf(answer: ChatAnswer): string | undefined {
    return [...this.#answers].find(([, one]) => one === answer)?.[0];
  }

  async #open(): Promise<void> {
    if (this.#isOpening) return;
    this.#isOpening = true;
    const closed = this.#closed.signal;
    try {
      while (this.#socket === undefined && this.#answers.size > 0 && !closed.aborted) await this.#attempt(closed);
    } finally {
      this.#isOpening = false;
    }
    // Messages may have been asked behind a close.
    if (closed.aborted && this.#answers.size > 0) await this.#open();
  }

  async #attempt(closed: AbortSignal): Promise<void> {
    this.#options.onState?.('connecting');
    try {
      await openSocket({
        ...this.#options,
        url: socketUrl(this.#options.gateway, '/v1/ui/chat'),
        // A chat that nobody has, of which the gateway would say so.
        asks: socketUrl(this.#options.gateway, '/v1/ui/chat/none/stream'),
        onOpen: (socket) => (closed.aborted ? socket.close(1000) : this.#opened(socket)),
        onMessage: (data) => this.#take(data),
        onClose: (close) => this.#lost(close, closed),
      });
    } catch (error) {
      const problem = error instanceof GatewayProblem ? error : undefined;
      await this.#waitOrFail(error as Error, {
        mayRetry: problem?.mayRetry ?? true,
        ...{ atLeastMs: problem?.retryAfterMs },
        closed,
      });
    }
  }

  #opened(socket: WebSocket): void {
    this.#socket = socket;
    this.#options.onState?.('open');
    for (const [requestId, answer] of [...this.#answers]) this.#send(requestId, answer);
  }

  #take(data: unknown): void {
    const frame = readAnswerFrame(data);
    const answer = frame && this.#answers.get(frame.requestId);
    if (frame === undefined || answer === undefined) return;
    this.#backoff.succeeded();
    const next = answer.take(frame);
    if (next !== 'on') this.#answers.delete(frame.requestId);
    if (next === 'ask') this.#send(crypto.randomUUID(), answer);
  }

  #lost({ code, reason, mayRetry }: SocketClose, closed: AbortSignal): void {
    if (closed.aborted) return;
    this.#socket = undefined;
    // Requests of the lost socket get new ids: nothing that is still said to the old ones counts.
    const unfinished = [...this.#answers.values()];
    this.#answers.clear();
    for (const answer of unfinished) this.#answers.set(crypto.randomUUID(), answer);
    if (unfinished.length === 0) {
      this.#options.onState?.('closed');
      return;
    }
    const error = new Error(`the connection to the gateway ended: ${reason || `close code ${code}`}`);
    void this.#waitOrFail(error, { mayRetry, closed }).then(() => this.#open());
  }

  async #waitOrFail(error: Error, { mayRetry, atLeastMs, closed }: Waiting): Promise<void> {
    const pauseMs = mayRetry && this.#options.retry !== false ? this.#backoff.next(atLeastMs) : undefined;
    if (pauseMs !== undefined) {
      this.#options.onState?.('waiting', error);
      return pause(pauseMs, closed);
    }
    this.#backoff.succeeded();
    this.#failAll(error);
    this.#options.onState?.('closed');
  }

  #failAll(error: Error): void {
    for (const answer of this.#answers.values()) answer.fail(error);
    this.#answers.clear();
  }
}

interface Waiting {
  readonly mayRetry: boolean;
  readonly atLeastMs?: number | undefined;
  readonly closed: AbortSignal;
}
