// A gateway process's own way to the side process: calls go there directly, and the supervisor only says where it is.

import { createConnection, type Socket } from 'node:net';
import { sendBodyInChunks } from '../../ipc/body-chunks.ts';
import { openRpc, type Port, type Rpc } from '../../ipc/rpc.ts';
import type { SideHandler } from '../../ipc/side-request.ts';
import { type SocketPortLimits, socketPort } from '../../ipc/socket-port.ts';

export interface SideClient {
  /** Rejects while there is no side process, and when it dies before its answer is complete. */
  readonly ask: SideHandler;
  /** Where it listens from now on. */
  use(path: string): void;
  /** What is asked now is an error. */
  close(): void;
}

export function createSideClient(limits?: SocketPortLimits): SideClient {
  let path: string | undefined;
  let open: { readonly socket: Socket; readonly port: Port; readonly channel: Rpc } | undefined;

  function channel(): Rpc {
    if (open?.port.connected) return open.channel;
    if (path === undefined) throw new Error('the side process does not run');
    const socket = createConnection(path);
    const port = socketPort(socket, limits);
    open = { socket, port, channel: openRpc(port, {}) };
    return open.channel;
  }

  return {
    async ask(request, emit, signal) {
      const to = channel();
      return to.stream<void>('side', await sendBodyInChunks(to, request, signal), emit, signal);
    },
    use(next) {
      path = next;
      // What the one before still owes ends with its connection.
      open = undefined;
    },
    close: () => void open?.socket.destroy(),
  };
}
