// The store of another process, which owns it, asked over a socket. While that process is down, what is asked waits for the next one, for a
// while. What was asked of one that dies is not asked again, but for reservations: nobody knows whether it was done.

import { once } from 'node:events';
import { createConnection } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type Handlers, Rpc } from '../../../ipc/channel/rpc.ts';
import { socketPort } from '../../../ipc/channel/socket-port.ts';
import { type Store, StoreError } from '../contract/store.ts';
import { answerCall, askedStore, methodsOf, type StoreAnswer, type StoreCall } from './store-calls.ts';

/** Time without the owner, after which calls fail at once. */
const PATIENCE_MS = 5000;
const PAUSE_MS = 20;

/** Answers the processes that ask for this store. */
export const storeHandlers = (store: Store): Handlers => ({
  storeFacts: (): StoreFacts => ({ kind: store.kind, methods: methodsOf(store) }),
  store: (call: StoreCall) => answerCall(store, call),
});

interface StoreFacts {
  readonly kind: Store['kind'];
  readonly methods: readonly string[];
}

export class OwnerStore {
  readonly #patienceMs: number;
  #path: string | undefined;
  #connecting: Promise<Rpc> | undefined;
  #rpc: Rpc | undefined;
  #lostAt: number | undefined;

  constructor(patienceMs = PATIENCE_MS) {
    this.#patienceMs = patienceMs;
  }

  /** Tells where the owner listens from now on; undefined while it does not. */
  use(path: string | undefined): void {
    this.#path = path;
  }

  /** Rejects with a StoreError where there is no owner. */
  async open(): Promise<Store> {
    const { kind, methods } = await this.#ask<StoreFacts>('storeFacts');
    const store = askedStore(kind, methods, (call) => this.#ask<StoreAnswer>('store', call));
    // A row is reserved for once, however often that is asked: the reservation whose answer was lost would be charged.
    const reserve: Store['reserve'] = (...asked) => store.reserve(...asked).catch(() => store.reserve(...asked));
    return { ...store, reserve, close: async () => {} };
  }

  async #ask<Answer>(name: string, argument?: unknown): Promise<Answer> {
    try {
      const rpc = this.#rpc?.isConnected ? this.#rpc : await this.#owner();
      return await rpc.call<Answer>(name, argument);
    } catch (error) {
      throw new StoreError('store_unavailable', error);
    }
  }

  #owner(): Promise<Rpc> {
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #connect(): Promise<Rpc> {
    for (;;) {
      try {
        if (this.#path === undefined) throw new Error('the process that owns the store does not run');
        const socket = createConnection(this.#path);
        await once(socket, 'connect');
        this.#lostAt = undefined;
        this.#rpc = new Rpc(socketPort(socket, { batching: 'turn' }));
        return this.#rpc;
      } catch (error) {
        this.#lostAt ??= performance.now();
        if (performance.now() - this.#lostAt > this.#patienceMs) throw error;
        await delay(PAUSE_MS);
      }
    }
  }
}
