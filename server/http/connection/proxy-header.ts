// Reads the header of the PROXY protocol (versions 1 and 2), by which a trusted proxy says whose connection it passes on. Rule: such a proxy
// must send one, and from anybody else it is no HTTP.

import type { Server } from 'node:http';
import { isIP, type Socket } from 'node:net';
import { type AddressList, plainAddress } from '../../platform/address-list.ts';

interface ProxyOptions {
  readonly isProxy: AddressList;
  /** Time for the header. */
  readonly ms: number;
  /** Called for a client that is behind the proxy, before its first byte is read. */
  onClient(socket: Socket, address: string): void;
}

/** The first bytes of version 2. */
const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
/** The longest header of version 1, and more than any proxy sends in version 2. */
const MAX_BYTES = { v1: 107, v2: 4096 };

/** Puts the reading before whatever listens for connections now. */
export function readProxyHeaders(server: Server, { isProxy, ms, onClient }: ProxyOptions): void {
  const listeners = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    const go = (): void => {
      for (const listener of listeners) listener.call(server, socket);
    };
    if (!isProxy(plainAddress(socket.remoteAddress ?? ''))) return go();
    const timer = setTimeout(() => socket.destroy(), ms);
    let bytes: Buffer = Buffer.alloc(0);
    const ignore = (): void => {};
    const read = (): void => {
      const piece: Buffer | null = socket.read();
      if (piece === null) return;
      bytes = Buffer.concat([bytes, piece]);
      const header = proxyHeader(bytes);
      if (header === 'partial') return;
      clearTimeout(timer);
      socket.off('readable', read).off('error', ignore);
      if (header === undefined) return void socket.destroy();
      if (header.address !== undefined) onClient(socket, plainAddress(header.address));
      if (bytes.length > header.size) socket.unshift(bytes.subarray(header.size));
      go();
    };
    socket
      .on('readable', read)
      .on('error', ignore)
      .once('close', () => clearTimeout(timer));
  });
}

interface ProxyHeader {
  readonly size: number;
  /** Undefined where the proxy speaks for itself. */
  readonly address?: string;
}

/** Returns undefined for bytes that begin with no such header. */
export function proxyHeader(bytes: Buffer): ProxyHeader | 'partial' | undefined {
  const begun = bytes.subarray(0, SIGNATURE.length);
  if (begun.equals(SIGNATURE.subarray(0, begun.length))) return binaryHeader(bytes);
  const end = bytes.indexOf('\r\n');
  if (end < 0)
    return bytes.length < MAX_BYTES.v1 && 'PROXY '.startsWith(String(bytes.subarray(0, 6))) ? 'partial' : undefined;
  if (end + 2 > MAX_BYTES.v1) return undefined;
  const [word, family, address = ''] = bytes.toString('latin1', 0, end).split(' ');
  if (word !== 'PROXY') return undefined;
  if (family === 'UNKNOWN') return { size: end + 2 };
  const isRight = (family === 'TCP4' && isIP(address) === 4) || (family === 'TCP6' && isIP(address) === 6);
  return isRight ? { size: end + 2, address } : undefined;
}

function binaryHeader(bytes: Buffer): ProxyHeader | 'partial' | undefined {
  if (bytes.length < 16) return 'partial';
  const [command, family] = [bytes[12], bytes[13]];
  const size = 16 + bytes.readUInt16BE(14);
  if ((command !== 0x20 && command !== 0x21) || size > MAX_BYTES.v2) return undefined;
  if (bytes.length < size) return 'partial';
  if (command === 0x21 && family === 0x11 && size >= 28) return { size, address: bytes.subarray(16, 20).join('.') };
  if (command === 0x21 && family === 0x21 && size >= 52) {
    const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(16 + 2 * index).toString(16));
    return { size, address: groups.join(':') };
  }
  return { size };
}
