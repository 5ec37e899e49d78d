// A gateway process's own way to the side process: calls go there directly, and the supervisor only says where it is.

import { createConnection, type Socket } from 'node:net';
import { sendBody } from '../../ipc/body-chunks.ts';
import { type Channel, openChannel, type Port } from '../../ipc/rpc.ts';
import type { SideHandler } from '../../ipc/side-request.ts';
import { openPipe, type PipeLimits } from '../../ipc/socket-port.ts';

export interface SidePipe {
  /** Rejects while there is no side process, and when it dies before its answer is complete. */
  readonly ask: SideHandler;
  /** Where it listens from now on. */
  use(path: string): void;
  /** What is asked now is an error. */
  close(): void;
}

export function createSidePipe(limits?: PipeLimits): SidePipe {
  let path: string | undefined;
  let open: { readonly socket: Socket; readonly port: Port; readonly channel: Channel } | undefined;

  function channel(): Channel {
    if (open?.port.connected) return open.channel;
    if (path === undefined) throw new Error('the side process does not run');
    const socket = createConnection(path);
    const port = openPipe(socket, limits);
    open = { socket, port, channel: openChannel(port, {}) };
    return open.channel;
  }

  return {
    async ask(request, emit, signal) {
      const to = channel();
      return to.stream<void>('side', await sendBody(to, request, signal), emit, signal);
    },
    use(next) {
      path = next;
      // What the one before still owes ends with its connection.
      open = undefined;
    },
    close: () => void open?.socket.destroy(),
  };
}
