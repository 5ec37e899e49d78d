// Passes connections on to the side process. Rule: one that hangs takes none, so that those on their way are bounded.

import type { Socket } from 'node:net';
import type { Clients } from '../../http/connection/clients.ts';
import type { ConnectionLimit } from '../../http/connection/connection-limit.ts';
import type { PassedConnection } from '../../ipc/channel/connection.ts';

/** Takes a connection that is not read. Resolves once the side process has it; rejects where nobody takes it. */
export type PassOn = (socket: Socket, connection: PassedConnection) => Promise<void>;

interface PassingOptions {
  /** Undefined where there is no side process. */
  readonly passOn?: PassOn | undefined;
  /** Connections on their way at once. */
  readonly most: () => number;
  readonly clients: Clients;
  readonly connections: Pick<ConnectionLimit, 'leave'>;
}

/** The function resolves with false where the connection has to be answered here. */
export function boundedPassing({ passOn, most, clients, connections }: PassingOptions) {
  let passing = 0;
  return async (socket: Socket, bytes: Buffer): Promise<boolean> => {
    if (passOn === undefined || passing >= most()) return false;
    connections.leave(socket);
    passing += 1;
    try {
      await passOn(socket, { bytes, address: clients.saidOf(socket) });
      return true;
    } catch {
      return false;
    } finally {
      passing -= 1;
    }
  };
}
