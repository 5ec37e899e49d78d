// Calls between two of our processes: a named request, one answer, maybe parts before it. Never on the frame path.

/**
 * Sends a part of the answer ahead of it; dropped where the caller asked for none. `isPaced`: to be awaited until the caller has taken it,
 * or wants no more; one at a time.
 */
export type Emit = (part: unknown, isPaced?: boolean) => unknown;

/**
 * What one side offers to the other: functions by name. A rejected promise reaches the caller as an error. The signal aborts when
 * the caller no longer wants the answer, or is gone.
 */
export type Handlers = Readonly<Record<string, (argument: never, emit: Emit, signal: AbortSignal) => unknown>>;

/** What carries messages, in order: the IPC pipe of a forked child, in the child that of its parent (`process`), or a pipe. */
export interface Port {
  readonly connected: boolean;
  send?(message: object, handle: undefined, options: undefined, sent: (error: Error | null) => void): unknown;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  once(event: 'disconnect', listener: () => void): unknown;
}

export interface Rpc {
  /** Rejects when the other side fails or is gone. */
  call<Result>(name: string, argument?: unknown): Promise<Result>;
  /**
   * A call with parts, in order and before its answer. Rejects at once when the signal aborts; no part comes after that. A part that is
   * paced is taken when what `onPart` returns resolves.
   */
  stream<Result>(name: string, argument: unknown, onPart: OnPart, signal: AbortSignal): Promise<Result>;
  /** A call whose answer nobody waits for; what can fail about it is the business of whoever offers it. */
  notify(name: string, argument?: unknown): void;
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
  /** Takes away what would cancel it. */
  forget?(): void;
}

export function openRpc(port: Port, offers: Handlers): Rpc {
  const waiting = new Map<number, PendingCall>();
  const answering = new Map<number, AbortController>();
  /** Who waits until a part of an answer was taken. */
  const pacing = new Map<number, () => void>();
  let lastId = 0;

  function send(message: Message): void {
    if (port.connected) port.send?.(message, undefined, undefined, (error) => error && gone());
  }

  function gone(): void {
    for (const id of [...waiting.keys()]) take(id)?.reject(new Error('the other process is gone'));
    for (const controller of answering.values()) controller.abort();
    answering.clear();
    for (const id of [...pacing.keys()]) goOn(id);
  }

  async function answer({ name, argument, id }: Message & { kind: 'call' }): Promise<void> {
    const controller = new AbortController();
    if (id !== undefined) answering.set(id, controller);
    const emit: Emit = (part, isPaced) => {
      if (id === undefined || controller.signal.aborted) return undefined;
      send(isPaced ? { kind: 'part', id, part, isPaced } : { kind: 'part', id, part });
      return isPaced ? taken(id) : undefined;
    };
    try {
      if (!Object.hasOwn(offers, name)) throw new Error(`nothing offers ${name}`);
      const offer = offers[name] as (argument: unknown, emit: Emit, signal: AbortSignal) => unknown;
      const result = await offer(argument, emit, controller.signal);
      if (id !== undefined) send({ kind: 'answer', id, result });
    } catch (error) {
      if (id !== undefined)
        send({ kind: 'fault', id, message: error instanceof Error ? error.message : String(error) });
    } finally {
      if (id !== undefined) answering.delete(id);
    }
  }

  function taken(id: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    pacing.set(id, resolve);
    return promise;
  }

  function goOn(id: number): void {
    pacing.get(id)?.();
    pacing.delete(id);
  }

  function takePart({ id, part, isPaced }: Message & { kind: 'part' }): void {
    const whenTaken = waiting.get(id)?.onPart?.(part as never);
    if (isPaced) void Promise.resolve(whenTaken).finally(() => send({ kind: 'taken', id }));
  }

  function receive(message: Message): void {
    switch (message.kind) {
      case 'call':
        return void answer(message);
      case 'cancel':
        answering.get(message.id)?.abort();
        return void goOn(message.id);
      case 'part':
        return void takePart(message);
      case 'taken':
        return void goOn(message.id);
      case 'answer':
        return void take(message.id)?.resolve(message.result as never);
      case 'fault':
        return void take(message.id)?.reject(new Error(message.message));
    }
  }

  function take(id: number): PendingCall | undefined {
    const caller = waiting.get(id);
    waiting.delete(id);
    caller?.forget?.();
    return caller;
  }

  function call<Result>(name: string, argument: unknown, onPart?: OnPart): [number, Promise<Result>] {
    lastId += 1;
    const id = lastId;
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    if (!port.connected) reject(new Error('the other process is gone'));
    else {
      waiting.set(id, { resolve, reject, onPart });
      send({ kind: 'call', name, argument, id });
    }
    return [id, promise];
  }

  port.on('message', (received: unknown) => receive(received as Message));
  port.once('disconnect', gone);

  return {
    call: <Result>(name: string, argument?: unknown) => call<Result>(name, argument)[1],
    stream<Result>(name: string, argument: unknown, onPart: OnPart, signal: AbortSignal) {
      if (signal.aborted) return Promise.reject(signal.reason);
      const [id, promise] = call<Result>(name, argument, onPart);
      const caller = waiting.get(id);
      if (caller === undefined) return promise;
      const cancel = (): void => {
        take(id);
        send({ kind: 'cancel', id });
        caller.reject(signal.reason);
      };
      caller.forget = () => signal.removeEventListener('abort', cancel);
      signal.addEventListener('abort', cancel, { once: true });
      return promise;
    },
    notify: (name, argument) => send({ kind: 'call', name, argument }),
  };
}
