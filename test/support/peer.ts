// A peer of the server at a real socket, and its other end in the hands of a test.

import type { Socket } from 'node:net';
import { Peer, type PeerOptions } from '../../server/transport/peer.ts';
import { type RawSocket, watchSocket } from './raw-socket.ts';
import { openSocketPair, type SocketPairOptions } from './socket-pair.ts';
import { until } from './until.ts';

export type Role = PeerOptions['role'];

export const roles: [Role][] = [['client'], ['provider']];
export const MIB = 1024 * 1024;
/** No test waits for its end: `closeMs` is long. */
export const limits = { closeMs: 600_000, pauseBytes: MIB };

/** A peer that was started, with its events so far, and its other end, which nobody reads yet. */
export interface OpenedPeer {
  readonly peer: Peer;
  readonly far: Socket;
  readonly events: string[];
  /** The test moves it. */
  readonly boundary: { isBetweenFrames: boolean; isBetweenMessages: boolean };
}

export interface OpenPeerOptions extends Pick<SocketPairOptions, 'tls' | 'hidesHandle'> {
  readonly limits?: Partial<PeerOptions['limits']>;
  /** Bytes that the peer received before it was started. */
  readonly early?: string;
  readonly received?: (chunk: Buffer) => void;
}

/** Clients are accepted, providers are dialled. */
export async function openPeer(role: Role, options: OpenPeerOptions = {}): Promise<OpenedPeer> {
  const pair = await openSocketPair({ ...options, near: role === 'client' ? 'accepted' : 'dialled' });
  const { near, far } = pair;
  if (options.early !== undefined) {
    far.write(options.early);
    await until(() => near.readableLength > 0);
  }
  const peer = new Peer({ socket: near, role, limits: { ...limits, ...options.limits } });
  const boundary = { isBetweenFrames: true, isBetweenMessages: true };
  const events: string[] = [];
  const received = options.received ?? ((chunk) => void events.push(`received ${chunk}`));
  peer.start({ received, lost: () => void events.push('lost'), gone: () => void events.push('gone') }, boundary);
  return { peer, far, events, boundary };
}

/** The same, and its other end is read from now on. */
export async function openReadPeer(
  role: Role,
  options?: OpenPeerOptions,
): Promise<OpenedPeer & { readonly raw: RawSocket }> {
  const opened = await openPeer(role, options);
  return { ...opened, raw: watchSocket(opened.far) };
}

/** Reads so many bytes, and no more; `before` were read already. */
export async function readBytes(socket: Socket, count: number, before = 0): Promise<{ bytes: Buffer; length: number }> {
  const chunks: Buffer[] = [];
  for (let left = count; left > 0; ) {
    const chunk = socket.read(Math.min(left, socket.readableLength || 1)) as Buffer | null;
    if (chunk === null) await until(() => socket.readableLength > 0 || socket.destroyed);
    else {
      chunks.push(chunk);
      left -= chunk.length;
    }
    if (chunk === null && socket.destroyed) throw new Error(`the connection ended ${left} bytes early`);
  }
  return { bytes: Buffer.concat(chunks), length: before + count };
}
