// A voice session at the gateway, in any of its dialects: it is opened again where the close says that another may go well, and goes on then
// with what the gateway kept of the one before.

import { Backoff, type BackoffOptions, pause } from './backoff.ts';
import { meaningOfClose, type SocketClose } from './closes.ts';
import { type Credential, openSocket, socketUrl } from './dial.ts';
import { GatewayProblem } from './problem.ts';
import { askResumeState, isSoundMessage, OwnMessages } from './resume.ts';

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
  /**
   * The session waits for this client where its connection breaks, which comes back to it; with `both` it goes on without its provider, too. See
   * docs/surviving.md.
   */
  readonly survives?: 'client' | 'both';
  /** `false`: a session that is lost is not opened again. */
  readonly retry?: BackoffOptions | false;
  readonly WebSocket?: typeof WebSocket;
  readonly fetch?: typeof fetch;
  /** Hears of each session that is open: the place to send the setup of the dialect. */
  onOpen?(opened: VoiceOpened): void;
  /** Text is parsed as JSON; bytes are given as they came. */
  onMessage(message: unknown): void;
  /** Hears that the connection is lost, and that the session waits: what is sent meanwhile is not gone. */
  onResuming?(cause: SocketClose): void;
  /** Hears that the same session goes on: nothing is to be set up again. */
  onResumed?(resumed: { readonly session: VoiceSession }): void;
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
/** Pauses between attempts to come back, and the longest that any gateway waits. */
const RESUMING = { firstMs: 100, mostMs: 2000, giveUpMs: 60_000 } as const;
/** Closes of a connection whose session may wait: it was lost, or the session has moved. */
const RESUMABLE: readonly number[] = [1006, 4012];

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
  /** The credential of the session, which alone may come back to it. */
  #secret = '';
  /** Messages that were sent in a session that waits for its client; undefined where it does not. */
  #own: OwnMessages | undefined;
  /** Messages that came in this session. */
  #received = 0;

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

  /**
   * Sends JSON, text or bytes. False while there is no session: speech of that time is gone, as on a telephone. A session that waits for this client
   * gets it later, sound only where that is not older than two seconds then.
   */
  send(message: object | string): boolean {
    const isOpen = this.#socket?.readyState === OPEN;
    if (!isOpen && this.#own === undefined) return false;
    const isRaw = typeof message === 'string' || message instanceof ArrayBuffer || ArrayBuffer.isView(message);
    const data = isRaw ? (message as string | ArrayBufferView<ArrayBuffer>) : JSON.stringify(message);
    this.#own?.add(data, isSoundMessage(data));
    if (isOpen) this.#socket?.send(data);
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
        credential: () => this.#newSecret(),
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
    const survive = this.#options.survives && { 'trunkline-survive': this.#options.survives };
    return socketUrl(gateway, path, { ...query, 'trunkline-session': this.#id, ...survive, ...continued });
  }

  async #newSecret(): Promise<string> {
    const { credential } = this.#options;
    this.#secret = typeof credential === 'string' ? credential : await credential();
    return this.#secret;
  }

  #opened(socket: WebSocket, isContinued: boolean): void {
    if (this.#ended.signal.aborted) {
      socket.close(1000);
      return;
    }
    this.#socket = socket;
    this.#before = this.#id;
    this.#own = this.#options.survives && new OwnMessages();
    this.#received = 0;
    this.#openedAt = performance.now();
    this.#options.onOpen?.({ session: this, isContinued });
  }

  #take(data: unknown): void {
    if (this.#ended.signal.aborted) return;
    this.#received += 1;
    this.#options.onMessage(typeof data === 'string' ? JSON.parse(data) : data);
  }

  #lost(close: SocketClose): void {
    this.#socket = undefined;
    if (this.#own !== undefined && RESUMABLE.includes(close.code)) return void this.#comeBack(close);
    if (performance.now() - this.#openedAt >= STEADY_MS) this.#backoff.succeeded();
    void this.#again(close, close.mayRetry);
  }

  /** Tries to come back to the session until that goes well, or there is no use in it; then another one is opened. */
  async #comeBack(cause: SocketClose): Promise<void> {
    if (this.#ended.signal.aborted) return;
    const { gateway, path, query } = this.#options;
    const backoff = new Backoff(RESUMING);
    let until = Number.POSITIVE_INFINITY;
    const explain = async (): Promise<GatewayProblem> => {
      ({ expiresAt: until = until } = await this.#askState());
      return new GatewayProblem('the connection was refused or lost, though the session waits', { status: 0 });
    };
    this.#options.onResuming?.(cause);
    for (let mayRetry = true; mayRetry && Date.now() < until; ) {
      const pauseMs = backoff.next();
      if (pauseMs === undefined) break;
      await pause(pauseMs, this.#ended.signal);
      if (this.#ended.signal.aborted) return;
      const resume = { 'trunkline-resume': `${this.#id}.${this.#received}` };
      try {
        await openSocket({
          ...{ ...this.#options, credential: this.#secret, explain },
          url: socketUrl(gateway, path, { ...query, ...resume }),
          onOpen: (socket) => void this.#cameBack(socket, cause),
          onMessage: (data) => this.#take(data),
          onClose: (close) => this.#lost(close),
        });
        return;
      } catch (error) {
        mayRetry = !(error instanceof GatewayProblem) || error.mayRetry;
      }
    }
    this.#giveUp(cause);
  }

  /** Asks behind the 101, from which on nothing that was sent before is taken any more. */
  async #cameBack(socket: WebSocket, cause: SocketClose): Promise<void> {
    const backoff = new Backoff(RESUMING);
    while (socket.readyState === OPEN && !this.#ended.signal.aborted) {
      try {
        const { received } = await this.#askState();
        if (socket.readyState !== OPEN) return;
        const again = this.#own?.after(received);
        if (again === undefined) break;
        for (const data of again) socket.send(data);
        this.#socket = socket;
        this.#options.onResumed?.({ session: this });
        return;
      } catch (error) {
        const pauseMs = error instanceof GatewayProblem && !error.mayRetry ? undefined : backoff.next();
        if (pauseMs === undefined) break;
        await pause(pauseMs, this.#ended.signal);
      }
    }
    if (socket.readyState !== OPEN) return;
    socket.onclose = null;
    socket.close(1000);
    this.#giveUp(cause);
  }

  #askState(): ReturnType<typeof askResumeState> {
    const { gateway, fetch: ask = fetch } = this.#options;
    return askResumeState({ gateway, id: this.#id, secret: this.#secret, fetch: ask });
  }

  #giveUp(cause: SocketClose): void {
    this.#own = undefined;
    void this.#again(cause, true);
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
    this.#own = undefined;
    this.#options.onClose?.(cause);
  }
}

export type { VoiceSession };

/** `WebSocket.OPEN`, which an implementation of the caller may not have. */
const OPEN = 1;
