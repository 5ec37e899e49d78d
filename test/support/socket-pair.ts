// Two ends of one connection on loopback: the near one is dialled or accepted as the gateway does it, the far one is Node's own.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { testCertificate } from './certificate.ts';
import { until } from './until.ts';

export interface SocketPairOptions {
  readonly near: 'dialled' | 'accepted';
  readonly tls?: boolean | undefined;
  /** The near end lacks a private name, as it might in another release of Node. */
  readonly hidesHandle?: boolean | undefined;
}

export interface SocketPair {
  readonly near: Socket;
  readonly far: Socket;
}

const opened = new Set<Socket>();

export async function openSocketPair({
  near,
  tls = false,
  hidesHandle = false,
}: SocketPairOptions): Promise<SocketPair> {
  const { caPath, certPath, keyPath } = await testCertificate();
  // An HTTP server has half-open connections too.
  const server = tls
    ? createTlsServer({ cert: readFileSync(certPath), key: readFileSync(keyPath), allowHalfOpen: true, noDelay: true })
    : createServer({ allowHalfOpen: true, noDelay: true });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const isDialled = near === 'dialled';
  const { port } = server.address() as AddressInfo;
  const target = { host: '127.0.0.1', port, noDelay: true };
  const client = tls ? connectTls({ ...target, servername: 'localhost', ca: readFileSync(caPath) }) : connect(target);
  const accepting = once(server, tls ? 'secureConnection' : 'connection') as Promise<[Socket]>;
  const [[accepted]] = await Promise.all([accepting, once(client, tls ? 'secureConnect' : 'connect')]);
  server.close();
  for (const socket of [client, accepted]) opened.add(socket.on('error', () => {}));
  const pair = isDialled ? { near: client, far: accepted } : { near: accepted, far: client };
  if (hidesHandle) hidePrivateName(pair.near);
  return pair;
}

/** Ends every pair that a test opened. */
export function destroySocketPairs(): void {
  for (const socket of opened) socket.destroy();
  opened.clear();
}

/** Resolves with a value once it no longer changes: whatever moved it waits for somebody. */
export async function settled(read: () => number): Promise<number> {
  let before = -1;
  let sameCount = 0;
  return until(async () => {
    const value = read();
    sameCount = value === before ? sameCount + 1 : 0;
    before = value;
    return sameCount === 20 && { value };
  }).then(({ value }) => value);
}

function hidePrivateName(socket: Socket): void {
  const names = Object.getOwnPropertySymbols(socket).filter(({ description }) => description === 'kBuffer');
  if (names.length !== 1)
    throw new Error('a socket has no field kBuffer any more: socket-handle.ts reads another one, or none');
  for (const name of names) Reflect.deleteProperty(socket, name);
}
