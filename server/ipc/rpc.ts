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
  | { readonly kind: 'fault'; readonly id: number; readonly message: string };

interface PendingCall {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
  readonly onPart?: OnPart | undefined;
}

export class Rpc {
  readonly #port: Port;
  readonly #handlers: Handlers;
  /** Our calls that have no answer yet. */
  readonly #pending = new Map<number, PendingCall>();
  /** Calls of the other side that have no answer yet. */
  readonly #answering = new Map<number, AbortController>();
  /** Resolvers of our paced parts that the other side has yet to take. */
  readonly #paced = new Map<number, () => void>();
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
  notify(name: string, argument?: unknown): void {
    this.#send({ kind: 'call', name, argument });
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

  #send(message: Message): void {
    if (!this.isConnected) return;
    this.#port.send?.(message, undefined, undefined, (error) => error && this.#disconnected());
  }

  #receive(message: Message): void {
    switch (message.kind) {
      case 'call':
        void this.#answer(message);
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

  async #answer({ name, argument, id }: Message & { kind: 'call' }): Promise<void> {
    const controller = new AbortController();
    if (id !== undefined) this.#answering.set(id, controller);
    const emit: Emit = (part, isPaced) => {
      if (id === undefined || controller.signal.aborted) return undefined;
      this.#send(isPaced ? { kind: 'part', id, part, isPaced } : { kind: 'part', id, part });
      return isPaced ? new Promise<void>((resolve) => this.#paced.set(id, resolve)) : undefined;
    };
    try {
      if (!Object.hasOwn(this.#handlers, name)) throw new Error(`no handler for ${name}`);
      const handler = this.#handlers[name] as (argument: unknown, emit: Emit, signal: AbortSignal) => unknown;
      const result = await handler(argument, emit, controller.signal);
      if (id !== undefined) this.#send({ kind: 'answer', id, result });
    } catch (error) {
      if (id !== undefined)
        this.#send({ kind: 'fault', id, message: error instanceof Error ? error.message : String(error) });
    } finally {
      if (id !== undefined) this.#answering.delete(id);
    }
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
