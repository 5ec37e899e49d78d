// Relays a client that came back to the process that holds its session. Rule: that process decides, so that this one need not know whose it is.

import type { Socket } from 'node:net';
import type { Refusal } from '../../../../adapters/realtime/refusal.ts';
import type { ConnectionLimit } from '../../../http/connection/connection-limit.ts';
import { splice } from '../../../http/connection/splice.ts';
import { headBytes } from '../../../http/request/head.ts';
import { stopReading } from '../../../ipc/channel/connection.ts';
import { tooManyUpgrades } from '../../admission/refusals.ts';
import type { Upgrade } from '../../start-session.ts';
import type { SessionRegistry } from '../session-registry.ts';

/** The parameter by which a client names its session and what it has got of it. */
export const RESUME = 'trunkline-resume';

export interface RelayHost {
  readonly registry: Pick<SessionRegistry, 'holderOf'>;
  readonly connections: Pick<ConnectionLimit, 'beginUpgrade'>;
  onHandedOver(socket: Socket): void;
}

/** Passes the bytes of the connection on to the holder, and back: only this process can read what comes under TLS. */
export async function relayReturn(id: string, upgrade: Upgrade, host: RelayHost): Promise<Refusal | 'returned'> {
  const { request, socket, head, source } = upgrade;
  const end = host.connections.beginUpgrade(socket, source.address);
  if (typeof end === 'string') return tooManyUpgrades[end];
  try {
    const path = await host.registry.holderOf(id);
    if (path === undefined) return noSuchSession;
    const bytes = Buffer.concat([headBytes(request), head, stopReading(socket)]);
    await splice(socket, { bytes, address: source.address }, path);
    host.onHandedOver(socket);
    return 'returned';
  } catch {
    return noSuchSession;
  } finally {
    end();
  }
}

export const noSuchSession: Refusal = {
  status: 404,
  code: 'unknown_session',
  message: `no session of this credential has the id in ${RESUME}`,
};
