// Calls between two of our processes: a named request, one answer. Never on the frame path.

/** Functions that one side answers calls with, by name. A rejected promise reaches the caller as an error. `handle`: see `call`. */
export type Handlers = Readonly<Record<string, (argument: never, handle: unknown) => unknown>>;

type Handler = (argument: unknown, handle: unknown) => unknown;

/** Carries messages in order: the IPC channel of a forked child, `process` in the child itself, or a socket (`socketPort`). */
export interface Port {
  readonly connected: boolean;
  send?(message: object, handle: unknown, options: undefined, sent: (error: Error | null) => void): unknown;
  on(event: 'message', listener: (message: unknown, handle: unknown) => void): unknown;
  once(event: 'disconnect', listener: () => void): unknown;
  /** An IPC channel has it. */
  emit?(event: 'disconnect'): unknown;
}

type Message =
  | { readonly kind: 'call'; readonly name: string; readonly argument: unknown; readonly id?: number }
  | { readonly kind: 'answer'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'fault'; readonly id: number; readonly message: string }
  | { readonly kind: 'several'; readonly messages: readonly Message[] };

/** When a call without an answer goes out: at once, with the others of this turn of the loop, or with whatever goes next, `LATER_MS` at most. */
type Urgency = 'now' | 'this-turn' | 'later';

interface PendingCall {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

/** Each message of its own wakes the other process up, which costs more than its bytes. */
const LATER_MS = 25;
/** Node tells of no end of a channel while a handle is on its way to the other side, so that it has to be looked for. */
const LOOK_MS = 20;

export class Rpc {
  readonly #port: Port;
  readonly #handlers: Handlers;
  /** Our calls that have no answer yet. */
  readonly #pending = new Map<number, PendingCall>();
  /** Calls without an answer that wait for company, in order. */
  #waiting: Message[] = [];
  #turn: NodeJS.Immediate | undefined;
  #later: NodeJS.Timeout | undefined;
  /** Our calls with a handle that have no answer yet. */
  #handles = 0;
  #look: NodeJS.Timeout | undefined;
  #lastId = 0;

  constructor(port: Port, handlers: Handlers = {}) {
    this.#port = port;
    this.#handlers = handlers;
    port.on('message', (message, handle) => this.#receive(message as Message, handle));
    port.once('disconnect', () => this.#disconnected());
  }

  get isConnected(): boolean {
    return this.#port.connected;
  }

  /**
   * Rejects when the other side fails or is gone. `handle`: of a socket, of which the other side gets one of its own, over an IPC channel
   * alone. Whatever is sent behind it waits until the other side has it.
   */
  call<Result>(name: string, argument?: unknown, handle?: unknown): Promise<Result> {
    const id = ++this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    if (!this.isConnected) reject(new Error('the other process is gone'));
    else {
      this.#pending.set(id, { resolve, reject });
      this.#send({ kind: 'call', name, argument, id }, handle);
    }
    return handle === undefined ? promise : this.#watched(promise);
  }

  /** Calls without an answer; a failure is a matter of the handler. */
  notify(name: string, argument?: unknown, urgency: Urgency = 'now'): void {
    const message = { kind: 'call', name, argument } as const;
    if (urgency === 'now') return void this.#send(message);
    this.#waiting.push(message);
    if (urgency === 'this-turn') this.#turn ??= setImmediate(() => this.flush());
    else this.#later ??= setTimeout(() => this.flush(), LATER_MS).unref();
  }

  /** Sends what waits. */
  flush(): void {
    const [first, ...others] = this.#takeWaiting();
    if (first !== undefined)
      this.#post(others.length === 0 ? first : { kind: 'several', messages: [first, ...others] });
  }

  async #watched<Result>(answer: Promise<Result>): Promise<Result> {
    this.#handles += 1;
    this.#look ??= setInterval(() => this.isConnected || this.#port.emit?.('disconnect'), LOOK_MS);
    try {
      return await answer;
    } finally {
      this.#handles -= 1;
      if (this.#handles === 0) {
        clearInterval(this.#look);
        this.#look = undefined;
      }
    }
  }

  /** Sends a message behind those that wait, in one with them, unless it has a handle. */
  #send(message: Message, handle?: unknown): void {
    if (handle !== undefined) this.flush();
    if (this.#waiting.length === 0) this.#post(message, handle);
    else this.#post({ kind: 'several', messages: [...this.#takeWaiting(), message] });
  }

  #takeWaiting(): readonly Message[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    clearImmediate(this.#turn);
    clearTimeout(this.#later);
    this.#turn = undefined;
    this.#later = undefined;
    return waiting;
  }

  #post(message: Message, handle?: unknown): void {
    if (!this.isConnected) return;
    this.#port.send?.(message, handle, undefined, (error) => error && this.#disconnected());
  }

  #receive(message: Message, handle: unknown): void {
    switch (message.kind) {
      case 'several':
        for (const one of message.messages) this.#receive(one, undefined);
        return;
      case 'call':
        if (message.id === undefined) this.#heed(message);
        else void this.#answer(message, message.id, handle);
        return;
      case 'answer':
        this.#take(message.id)?.resolve(message.result as never);
        return;
      case 'fault':
        this.#take(message.id)?.reject(new Error(message.message));
    }
  }

  /** Does what was asked for; nobody waits for an answer. */
  #heed({ name, argument }: Message & { kind: 'call' }): void {
    try {
      void Promise.resolve(this.#handler(name)(argument, undefined)).catch(() => {});
    } catch {
      // A failure is a matter of the handler.
    }
  }

  async #answer({ name, argument }: Message & { kind: 'call' }, id: number, handle: unknown): Promise<void> {
    try {
      const result = await this.#handler(name)(argument, handle);
      this.#send({ kind: 'answer', id, result });
    } catch (error) {
      this.#send({ kind: 'fault', id, message: error instanceof Error ? error.message : String(error) });
    }
  }

  #handler(name: string): Handler {
    if (!Object.hasOwn(this.#handlers, name)) throw new Error(`no handler for ${name}`);
    return this.#handlers[name] as Handler;
  }

  #take(id: number): PendingCall | undefined {
    const call = this.#pending.get(id);
    this.#pending.delete(id);
    return call;
  }

  #disconnected(): void {
    for (const id of [...this.#pending.keys()]) this.#take(id)?.reject(new Error('the other process is gone'));
  }
}
