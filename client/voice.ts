// A voice session at the gateway, in any of its dialects: it is opened again where the close says that another may go well, and goes on then
// with what the gateway kept of the one before.

import { Backoff, type BackoffOptions, pause } from './backoff.ts';
import { meaningOfClose, type SocketClose } from './closes.ts';
import { type Credential, openSocket, socketUrl } from './dial.ts';
import { GatewayProblem } from './problem.ts';

export interface VoiceOptions {
  /** Address of the gateway, such as `https://gateway.example.com`. */
  readonly gateway: string;
  /** Path of the dialect, such as `/v1/realtime`. */
  readonly path: string;
  /** Such as `{ model: 'gpt-realtime-2.1' }`. */
  readonly query?: Readonly<Record<string, string>>;
  readonly credential: Credential;
  /** A session behind the first is told what was said (`trunkline-continue`). Default true; dialects without a place for that begin anew. */
  readonly continues?: boolean;
  /** `false`: a session that is lost is not opened again. */
  readonly retry?: BackoffOptions | false;
  readonly WebSocket?: typeof WebSocket;
  readonly fetch?: typeof fetch;
  /** Hears of each session that is open: the place to send the setup of the dialect. */
  onOpen?(opened: VoiceOpened): void;
  /** Text is parsed as JSON; bytes are given as they came. */
  onMessage(message: unknown): void;
  /** Hears that the session is lost and another is opened after that pause: what was playing is over. */
  onLost?(cause: SocketClose | GatewayProblem, pauseMs: number): void;
  /** Hears of the end, once: nothing is opened again. */
  onClose?(cause: SocketClose | GatewayProblem): void;
}

interface VoiceOpened {
  readonly session: VoiceSession;
  /** It was asked to go on with the session before. */
  readonly isContinued: boolean;
}

/** Returns at once; `onOpen` says when there is somebody to talk to. */
export function connectVoice(options: VoiceOptions): VoiceSession {
  return new VoiceSession(options);
}

/** Sessions shorter than this do not count as a success, or a provider that ends each at once would be dialled without a pause. */
const STEADY_MS = 10_000;

class VoiceSession {
  readonly #options: VoiceOptions;
  readonly #backoff: Backoff;
  readonly #ended = new AbortController();
  #continues: boolean;
  #socket: WebSocket | undefined;
  #openedAt = 0;
  #id = '';
  /** The session that opened last, which the next one goes on with. */
  #before: string | undefined;

  constructor(options: VoiceOptions) {
    this.#options = options;
    this.#continues = options.continues ?? true;
    this.#backoff = new Backoff(options.retry || {});
    void this.#open();
  }

  /** Id of the session at the gateway, for `/v1/sessions/<id>`. Each attempt has one of its own. */
  get id(): string {
    return this.#id;
  }

  /** Sends JSON, text or bytes. False while there is no session: speech of that time is gone, as on a telephone. */
  send(message: object | string): boolean {
    if (this.#socket?.readyState !== OPEN) return false;
    const isRaw = typeof message === 'string' || message instanceof ArrayBuffer || ArrayBuffer.isView(message);
    this.#socket.send(isRaw ? (message as string | ArrayBufferView<ArrayBuffer>) : JSON.stringify(message));
    return true;
  }

  /** Ends the session for good. */
  close(code = 1000, reason = ''): void {
    this.#socket?.close(code, reason);
    this.#end(meaningOfClose(code, reason));
  }

  async #open(): Promise<void> {
    const before = this.#continues ? this.#before : undefined;
    this.#id = crypto.randomUUID();
    // The caller has the session before it hears of anything, also of what ends it at once.
    await undefined;
    try {
      await openSocket({
        ...this.#options,
        url: this.#url(before),
        onOpen: (socket) => this.#opened(socket, before !== undefined),
        onMessage: (data) => this.#take(data),
        onClose: (close) => this.#lost(close),
      });
    } catch (error) {
      await this.#failed(error, before !== undefined);
    }
  }

  #url(before: string | undefined): URL {
    const { gateway, path, query } = this.#options;
    const continued: Record<string, string> = before === undefined ? {} : { 'trunkline-continue': before };
    return socketUrl(gateway, path, { ...query, 'trunkline-session': this.#id, ...continued });
  }

  #opened(socket: WebSocket, isContinued: boolean): void {
    if (this.#ended.signal.aborted) {
      socket.close(1000);
      return;
    }
    this.#socket = socket;
    this.#before = this.#id;
    this.#openedAt = performance.now();
    this.#options.onOpen?.({ session: this, isContinued });
  }

  #take(data: unknown): void {
    if (this.#ended.signal.aborted) return;
    this.#options.onMessage(typeof data === 'string' ? JSON.parse(data) : data);
  }

  #lost(close: SocketClose): void {
    this.#socket = undefined;
    if (performance.now() - this.#openedAt >= STEADY_MS) this.#backoff.succeeded();
    void this.#again(close, close.mayRetry);
  }

  async #failed(error: unknown, wasContinued: boolean): Promise<void> {
    const problem =
      error instanceof GatewayProblem ? error : new GatewayProblem(String(error), { status: 0 }, { cause: error });
    // The dialect has no place for a context, or nothing was kept.
    const isWithout = wasContinued && (problem.status === 400 || problem.status === 404);
    if (isWithout) this.#continues = false;
    await this.#again(problem, isWithout || problem.mayRetry);
  }

  async #again(cause: SocketClose | GatewayProblem, mayRetry: boolean): Promise<void> {
    if (this.#ended.signal.aborted) return;
    const asked = cause instanceof GatewayProblem ? cause.retryAfterMs : undefined;
    const pauseMs = mayRetry && this.#options.retry !== false ? this.#backoff.next(asked) : undefined;
    if (pauseMs === undefined) return this.#end(cause);
    this.#options.onLost?.(cause, pauseMs);
    await pause(pauseMs, this.#ended.signal);
    if (!this.#ended.signal.aborted) await this.#open();
  }

  #end(cause: SocketClose | GatewayProblem): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    this.#options.onClose?.(cause);
  }
}

export type { VoiceSession };

/** `WebSocket.OPEN`, which an implementation of the caller may not have. */
const OPEN = 1;
