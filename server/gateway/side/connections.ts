// Passes connections on to the side process. Rule: one that hangs takes none, so that those on their way are bounded.

import type { Socket } from 'node:net';
import type { Clients } from '../../http/connection/clients.ts';
import type { ConnectionLimit } from '../../http/connection/connection-limit.ts';
import { isRoutedSocket } from '../../http/connection/routed-responses.ts';
import { writeReply } from '../../http/reply.ts';
import { headBytes } from '../../http/request/head.ts';
import { refuse, sidePathUnavailable } from '../../http/request/refusals.ts';
import { type PassedConnection, stopReading } from '../../ipc/channel/connection.ts';
import type { AdmissionPolicy } from '../admission/admission.ts';
import type { Upgrade } from '../start-session.ts';

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

interface PassOrOpen {
  readonly policy: AdmissionPolicy;
  readonly passOn: ReturnType<typeof boundedPassing>;
  open(upgrade: Upgrade): Promise<void>;
}

/** Passes a socket of the side path on to it, and opens any other. */
export async function passOrOpen(upgrade: Upgrade, { policy, passOn, open }: PassOrOpen): Promise<void> {
  const { request, socket, head, source } = upgrade;
  socket.on('error', () => {});
  if (!(await isRoutedSocket(request, { policy, address: source.address }).catch(() => false))) return open(upgrade);
  const bytes = Buffer.concat([headBytes(request), head, stopReading(socket)]);
  if (!(await passOn(socket, bytes))) writeReply(socket, refuse(request, sidePathUnavailable));
}
