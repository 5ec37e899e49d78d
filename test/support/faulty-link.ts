// A TCP link to a server on loopback that a test interrupts: it refuses connections, or carries nothing for a while.

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface FaultyLink {
  readonly port: number;
  /** Breaks what is open, and refuses what comes. */
  refuse(): void;
  /** Carries nothing any more, as a server that was stopped. */
  hang(): void;
  /** Works again: what was held back goes on. */
  restore(): void;
  close(): void;
}

export async function faultyLink(target: number): Promise<FaultyLink> {
  const open = new Set<Socket>();
  let state: 'open' | 'refusing' | 'hanging' = 'open';
  const server = createServer((near) => {
    if (state === 'refusing') return void near.resetAndDestroy();
    const far = connect(target, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one);
      one.on('error', () => {});
      one.on('data', (bytes) => void other.write(bytes));
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
      if (state === 'hanging') one.pause();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    refuse() {
      state = 'refusing';
      for (const socket of open) socket.resetAndDestroy();
    },
    hang() {
      state = 'hanging';
      for (const socket of open) socket.pause();
    },
    restore() {
      state = 'open';
      for (const socket of open) socket.resume();
    },
    close() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}
