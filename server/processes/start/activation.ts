// Sockets that a service manager has opened for this process, by systemd's protocol (sd_listen_fds(3)): descriptors from 3 on, as many as
// LISTEN_FDS says, for the process of LISTEN_PID alone.

import { Socket } from 'node:net';
import type { Config } from '../../config/config.ts';
import { startedWith } from '../../config/load.ts';
import { handleOf } from '../../ipc/channel/connection.ts';
import { type ListenerSocket, portOf } from '../../ipc/channel/listener-socket.ts';

const FIRST_DESCRIPTOR = 3;

/** Returns the sockets, each for the setting that has its port. Throws for one that the configuration has no use for. */
export function activatedSockets({ listen, admin }: Pick<Config, 'listen' | 'admin'>): readonly ListenerSocket[] {
  const { LISTEN_PID, LISTEN_FDS } = startedWith;
  if (Number(LISTEN_PID) !== process.pid) return [];
  const settings = { 'listen.port': listen.port, 'listen.tlsPort': listen.tlsPort, 'admin.port': admin.port };
  return Array.from({ length: Number(LISTEN_FDS) || 0 }, (_, at) => {
    const handle = handleOf(new Socket({ fd: FIRST_DESCRIPTOR + at, readable: false, writable: false }));
    const port = portOf(handle);
    const [setting] = Object.entries(settings).find(([, wanted]) => wanted === port) ?? [];
    if (setting !== undefined) return { setting, host: undefined, handle };
    const expected = Object.entries(settings).map(([name, value]) => `${name} (${value})`);
    throw new Error(
      `the service manager passes on a socket for port ${port}: expected a port of ${expected.join(', ')}`,
    );
  });
}
