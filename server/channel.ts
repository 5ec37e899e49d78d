// Calls between the supervisor and a process that it forked: a named request, one answer. Never on the frame path.

import type { ChildProcess } from 'node:child_process';

/** What one side offers to the other: functions by name. A rejected promise reaches the caller as an error. */
export type Offers = Readonly<Record<string, (argument: never) => unknown>>;

export interface Channel {
  /** Rejects when the other side fails or is gone. */
  call<Result>(name: string, argument?: unknown): Promise<Result>;
  /** A call whose answer nobody waits for. */
  tell(name: string, argument?: unknown): void;
}

type Message =
  | { readonly kind: 'call'; readonly name: string; readonly argument: unknown; readonly id?: number }
  | { readonly kind: 'answer'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'fault'; readonly id: number; readonly message: string };

type Waiting = { readonly resolve: (result: never) => void; readonly reject: (error: Error) => void };

/** Speaks over the IPC pipe of a forked child, or, in the child, of its parent (`process`). */
export function openChannel(port: ChildProcess | NodeJS.Process, offers: Offers): Channel {
  const waiting = new Map<number, Waiting>();
  let lastId = 0;

  function send(message: Message): void {
    if (port.connected) port.send?.(message, undefined, undefined, (error) => error && gone());
  }

  function gone(): void {
    for (const { reject } of waiting.values()) reject(new Error('the other process is gone'));
    waiting.clear();
  }

  async function answer({ name, argument, id }: Message & { kind: 'call' }): Promise<void> {
    try {
      if (!Object.hasOwn(offers, name)) throw new Error(`nothing offers ${name}`);
      const offer = offers[name] as (argument: unknown) => unknown;
      const result = await offer(argument);
      if (id !== undefined) send({ kind: 'answer', id, result });
    } catch (error) {
      if (id === undefined) throw error;
      send({ kind: 'fault', id, message: error instanceof Error ? error.message : String(error) });
    }
  }

  port.on('message', (received: unknown) => {
    const message = received as Message;
    if (message.kind === 'call') return void answer(message);
    const caller = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.kind === 'answer') caller?.resolve(message.result as never);
    else caller?.reject(new Error(message.message));
  });
  port.once('disconnect', gone);

  return {
    call(name, argument) {
      if (!port.connected) return Promise.reject(new Error('the other process is gone'));
      lastId += 1;
      const id = lastId;
      const { promise, resolve, reject } = Promise.withResolvers<never>();
      waiting.set(id, { resolve, reject });
      send({ kind: 'call', name, argument, id });
      return promise;
    },
    tell: (name, argument) => send({ kind: 'call', name, argument }),
  };
}
