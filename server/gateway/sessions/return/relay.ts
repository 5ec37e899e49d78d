// Relays a client that came back to the process that holds its session. Rule: that process decides, so that this one need not know whose it is.

import type { Socket } from 'node:net';
import type { Refusal } from '../../../../adapters/realtime/refusal.ts';
import { splice } from '../../../http/connection/splice.ts';
import { headBytes } from '../../../http/request/head.ts';
import { readOn, stopReading } from '../../../ipc/channel/connection.ts';
import type { Upgrade } from '../../start-session.ts';
import type { SessionRegistry } from '../session-registry.ts';

/** The parameter by which a client names its session and what it has got of it. */
export const RESUME = 'trunkline-resume';

export interface RelayHost {
  readonly registry: SessionRegistry;
  onHandedOver(socket: Socket): void;
}

/** Passes the bytes of the connection on to the holder, and back: only this process can read what comes under TLS. False where nobody holds the session. */
export async function relayReturn(id: string, upgrade: Upgrade, host: RelayHost): Promise<boolean> {
  const { request, socket, head, source } = upgrade;
  const path = await host.registry.holderOf(id).catch(() => undefined);
  if (path === undefined) return false;
  const bytes = Buffer.concat([headBytes(request), head, stopReading(socket)]);
  try {
    await splice(socket, { bytes, address: source.address }, path);
    host.onHandedOver(socket);
    return true;
  } catch {
    readOn(socket);
    return false;
  }
}

export const noSuchSession: Refusal = {
  status: 404,
  code: 'unknown_session',
  message: `no session of this credential has the id in ${RESUME}`,
};

export const tooLate: Refusal = {
  status: 409,
  code: 'resume_too_late',
  message: `the messages behind those that ${RESUME} says are not kept any more, or it says more than were sent`,
};
