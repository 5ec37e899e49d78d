// Calls between two of our processes: a named request, one answer, maybe parts before it. Never on the frame path.

import { addAbortListener } from 'node:events';

/**
 * Sends a part of the answer ahead of it; dropped where the caller asked for none. `isPaced`: to be awaited until the caller has
 * taken the part, or wants no more; one at a time.
 */
type Emit = (part: unknown, isPaced?: boolean) => unknown;

/**
 * Functions that one side answers calls with, by name. A rejected promise reaches the caller as an error. The signal aborts when the
 * caller no longer wants the answer, or is gone.
 */
export type Handlers = Readonly<Record<string, (argument: never, emit: Emit, signal: AbortSignal) => unknown>>;

type Handler = (argument: unknown, emit: Emit, signal: AbortSignal) => unknown;

/** Carries messages in order: the IPC channel of a forked child, `process` in the child itself, or a socket (`socketPort`). */
export interface Port {
  readonly connected: boolean;
  send?(message: object, handle: undefined, options: undefined, sent: (error: Error | null) => void): unknown;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  once(event: 'disconnect', listener: () => void): unknown;
}

type OnPart = (part: never) => unknown;

type Message =
  | { readonly kind: 'call'; readonly name: string; readonly argument: unknown; readonly id?: number }
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'part'; readonly id: number; readonly part: unknown; readonly isPaced?: boolean }
  | { readonly kind: 'taken'; readonly id: number }
  | { readonly kind: 'answer'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'fault'; readonly id: number; readonly message: string }
  | { readonly kind: 'several'; readonly messages: readonly Message[] };

/** When a call without an answer goes out: at once, with the others of this turn of the loop, or with whatever goes next, `LATER_MS` at most. */
type Urgency = 'now' | 'this-turn' | 'later';

interface PendingCall {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
  readonly onPart?: OnPart | undefined;
}

/** Each message of its own wakes the other process up, which costs more than its bytes. */
const LATER_MS = 25;
/** The signal of calls that nobody waits for. */
const NEVER = new AbortController().signal;

export class Rpc {
  readonly #port: Port;
  readonly #handlers: Handlers;
  /** Our calls that have no answer yet. */
  readonly #pending = new Map<number, PendingCall>();
  /** Calls of the other side that have no answer yet. */
  readonly #answering = new Map<number, AbortController>();
  /** Resolvers of our paced parts that the other side has yet to take. */
  readonly #paced = new Map<number, () => void>();
  /** Calls without an answer that wait for company, in order. */
  #waiting: Message[] = [];
  #turn: NodeJS.Immediate | undefined;
  #later: NodeJS.Timeout | undefined;
  #lastId = 0;

  constructor(port: Port, handlers: Handlers = {}) {
    this.#port = port;
    this.#handlers = handlers;
    port.on('message', (message) => this.#receive(message as Message));
    port.once('disconnect', () => this.#disconnected());
  }

  get isConnected(): boolean {
    return this.#port.connected;
  }

  /** Rejects when the other side fails or is gone. */
  call<Result>(name: string, argument?: unknown): Promise<Result> {
    return this.#call<Result>(name, argument).promise;
  }

  /**
   * Calls for parts, which come in order and before the answer. Rejects at once when the signal aborts; no part comes after that.
   * A paced part is taken when the promise that `onPart` returns resolves.
   */
  async stream<Result>(
    name: string,
    argument: unknown,
    { onPart, signal }: { readonly onPart: OnPart; readonly signal: AbortSignal },
  ): Promise<Result> {
    signal.throwIfAborted();
    const { id, promise } = this.#call<Result>(name, argument, onPart);
    using _listener = addAbortListener(signal, () => {
      const call = this.#take(id);
      if (call === undefined) return;
      this.#send({ kind: 'cancel', id });
      call.reject(signal.reason);
    });
    return await promise;
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

  #call<Result>(name: string, argument: unknown, onPart?: OnPart): { id: number; promise: Promise<Result> } {
    const id = ++this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    if (!this.isConnected) reject(new Error('the other process is gone'));
    else {
      this.#pending.set(id, { resolve, reject, onPart });
      this.#send({ kind: 'call', name, argument, id });
    }
    return { id, promise };
  }

  /** Sends a message behind those that wait, in one with them. */
  #send(message: Message): void {
    if (this.#waiting.length === 0) this.#post(message);
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

  #post(message: Message): void {
    if (!this.isConnected) return;
    this.#port.send?.(message, undefined, undefined, (error) => error && this.#disconnected());
  }

  #receive(message: Message): void {
    switch (message.kind) {
      case 'several':
        for (const one of message.messages) this.#receive(one);
        return;
      case 'call':
        if (message.id === undefined) this.#heed(message);
        else void this.#answer(message, message.id);
        return;
      case 'cancel':
        this.#answering.get(message.id)?.abort();
        this.#partTaken(message.id);
        return;
      case 'part':
        this.#takePart(message);
        return;
      case 'taken':
        this.#partTaken(message.id);
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
      void Promise.resolve(this.#handler(name)(argument, () => undefined, NEVER)).catch(() => {});
    } catch {
      // A failure is a matter of the handler.
    }
  }

  async #answer({ name, argument }: Message & { kind: 'call' }, id: number): Promise<void> {
    const controller = new AbortController();
    this.#answering.set(id, controller);
    const emit: Emit = (part, isPaced) => {
      if (controller.signal.aborted) return undefined;
      this.#send(isPaced ? { kind: 'part', id, part, isPaced } : { kind: 'part', id, part });
      return isPaced ? new Promise<void>((resolve) => this.#paced.set(id, resolve)) : undefined;
    };
    try {
      const result = await this.#handler(name)(argument, emit, controller.signal);
      this.#send({ kind: 'answer', id, result });
    } catch (error) {
      this.#send({ kind: 'fault', id, message: error instanceof Error ? error.message : String(error) });
    } finally {
      this.#answering.delete(id);
    }
  }

  #handler(name: string): Handler {
    if (!Object.hasOwn(this.#handlers, name)) throw new Error(`no handler for ${name}`);
    return this.#handlers[name] as Handler;
  }

  #partTaken(id: number): void {
    this.#paced.get(id)?.();
    this.#paced.delete(id);
  }

  #takePart({ id, part, isPaced }: Message & { kind: 'part' }): void {
    const whenTaken = this.#pending.get(id)?.onPart?.(part as never);
    if (isPaced) void Promise.resolve(whenTaken).finally(() => this.#send({ kind: 'taken', id }));
  }

  #take(id: number): PendingCall | undefined {
    const call = this.#pending.get(id);
    this.#pending.delete(id);
    return call;
  }

  #disconnected(): void {
    for (const id of [...this.#pending.keys()]) this.#take(id)?.reject(new Error('the other process is gone'));
    for (const controller of this.#answering.values()) controller.abort();
    this.#answering.clear();
    for (const id of [...this.#paced.keys()]) this.#partTaken(id);
  }
}
