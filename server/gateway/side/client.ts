// A gateway process's own way to the side process for what its sessions need: the supervisor only says where it is.

import { createConnection } from 'node:net';
import { Rpc } from '../../ipc/channel/rpc.ts';
import { socketPort } from '../../ipc/channel/socket-port.ts';
import type { MovedSessionStore } from '../../ipc/session-record.ts';
import type { AskWhole, FindOwners } from '../../ipc/side-request.ts';
import type { FindKey, SecretStore } from '../../ipc/stored-keys.ts';
import type { Store } from '../../side/store/contract/store.ts';
import { askedStore, type StoreAnswer } from '../../side/store/engines/store-calls.ts';
import type { SliceStore } from '../money/funds.ts';

export class SideClient {
  #path: string | undefined;
  #rpc: Rpc | undefined;
  readonly #store = askedStore(
    'sqlite',
    ['takeSlice', 'holdSlices', 'returnLease', 'recoverLeases', 'addRefusals'],
    async (call) => this.#connect().call<StoreAnswer>('store', call),
  );

  /** Rejects while there is no side process, and when it dies before its answer. */
  readonly ask: AskWhole = async (request) => this.#connect().call('ask', request);

  /** Rejects as `ask` does. */
  readonly findOwners: FindOwners = async (digests) => this.#connect().call('owners', digests);

  /** Rejects as `ask` does. */
  readonly findKey: FindKey = async (asked) => this.#connect().call('key', asked);

  /** Rejects as `ask` does. */
  readonly secrets: SecretStore = {
    find: async (digest) => this.#connect().call('findSecret', digest),
    use: async (digest) => this.#connect().call('useSecret', digest),
    giveBack: async (digest) => this.#connect().call('returnSecret', digest),
  };

  /** Rejects as `ask` does. */
  readonly moved: MovedSessionStore = {
    leave: async (moved) => this.#connect().call('leave', moved),
    find: async (asked) => this.#connect().call('findMoved', asked),
    take: async (asked) => this.#connect().call('takeMoved', asked),
    drop: async (id) => this.#connect().call('dropMoved', id),
  };

  /** Rejects as `ask` does. */
  get slices(): SliceStore {
    return this.#store;
  }

  /** Rejects as `ask` does. */
  readonly addRefusals: Store['addRefusals'] = (rows) => this.#store.addRefusals(rows);

  /** Resolves once the side process has answered; rejects as `ask` does. */
  async reach(): Promise<void> {
    await this.#connect().call('pulse');
  }

  /** Tells where the side process listens from now on; undefined while it does not. Calls to the one before end with their connection. */
  use(path: string | undefined): void {
    if (path === this.#path) return;
    this.#path = path;
    this.#rpc = undefined;
  }

  #connect(): Rpc {
    if (this.#path === undefined) throw new Error('the side process does not run');
    if (!this.#rpc?.isConnected) this.#rpc = new Rpc(socketPort(createConnection(this.#path)));
    return this.#rpc;
  }
}
