// Bounds connections in each process, in rooms of their own: those that wait for a request, and upgrades in progress. Requests that have a
// place of the side path and sessions are in neither. Rule: a new connection is let in, and the oldest that waits goes; one that would take
// the last descriptors is answered at once.

import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Registry } from 'prom-client';
import type { Limits } from '../../config/config.ts';
import { type AddressList, plainAddress } from '../../platform/address-list.ts';
import { exportGauge } from '../../platform/metrics.ts';
import { type Descriptors, outOfDescriptors } from './descriptors.ts';
import { createPlaces } from './places.ts';

export type ConnectionLimit = ReturnType<typeof createConnectionLimit>;

interface LimitOptions {
  readonly limits: Pick<Limits, 'maxConnections' | 'maxConnectionsPerAddress' | 'maxUpgrades'>;
  /** Proxies, whose addresses are those of many clients. */
  readonly isProxy: AddressList;
  readonly descriptors: Descriptors;
  /** Called for each connection that has to go. */
  onDropped(code: 'too_many_connections' | 'out_of_descriptors'): void;
}

/** Time that a connection has for its request before it is in anybody's way: a client that opens a thousand at once is no attacker. */
const GRACE_MS = 100;

interface Waiting {
  readonly socket: Socket;
  readonly since: number;
  readonly address: string;
  readonly isTls: boolean;
}

/** Answers are written as they are: they must cost next to nothing where there are too many. */
const NO_ROOM = answerOf(
  {
    code: 'too_many_connections',
    message:
      'expected a request sooner: newer connections need the room (limits.maxConnections, limits.maxConnectionsPerAddress)',
  },
  1,
);
const NO_DESCRIPTORS = answerOf(outOfDescriptors, outOfDescriptors.retryAfterS);

function answerOf({ code, message }: { code: string; message: string }, retryAfterS = 1): string {
  const body = JSON.stringify({ error: { code, message } });
  return [
    'HTTP/1.1 503 Service Unavailable',
    'content-type: application/json',
    `retry-after: ${retryAfterS}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
    '',
    body,
  ].join('\r\n');
}

export function createConnectionLimit({ limits, isProxy, descriptors, onDropped }: LimitOptions) {
  /** Connections without a request by their ends, the oldest first; in all and by address. */
  const waiting = new Map<string, Waiting>();
  const byAddress = new Map<string, Map<string, Waiting>>();
  const upgrades = createPlaces(() => limits.maxUpgrades, isProxy);

  function leave(ends: string): Waiting | undefined {
    const entry = waiting.get(ends);
    if (entry === undefined) return undefined;
    waiting.delete(ends);
    const own = byAddress.get(entry.address);
    own?.delete(ends);
    if (own?.size === 0) byAddress.delete(entry.address);
    return entry;
  }

  function dropOldest(entries: ReadonlyMap<string, Waiting>): void {
    const [ends = ''] = entries.keys();
    const entry = leave(ends);
    if (entry === undefined) return;
    onDropped('too_many_connections');
    // One that had an answer is idle, and TLS would take these bytes for its own.
    if (entry.isTls || entry.socket.bytesWritten > 0) entry.socket.destroy();
    else entry.socket.end(NO_ROOM, () => entry.socket.destroy());
  }

  /** Its descriptor is free again when this returns: the next connection is accepted right after. */
  function turnAway(socket: Socket, isTls: boolean): void {
    onDropped('out_of_descriptors');
    if (!isTls) socket.write(NO_DESCRIPTORS);
    socket.destroy();
  }

  function enter(ends: string, entry: Waiting): void {
    const own = byAddress.get(entry.address) ?? NOBODY;
    const isCrowded = (): boolean => own.size >= limits.maxConnectionsPerAddress && !isProxy(entry.address);
    while (isCrowded() && hadItsTime(own)) dropOldest(own);
    if (waiting.size >= limits.maxConnections) dropOldest(isCrowded() ? own : waiting);
    waiting.set(ends, entry);
    const now = byAddress.get(entry.address) ?? new Map<string, Waiting>();
    byAddress.set(entry.address, now.set(ends, entry));
  }

  return {
    waiting: () => waiting.size,
    upgrading: upgrades.taken,
    /** Counts every connection of the server until it is closed. */
    watch(server: Server): void {
      const isTls = 'setSecureContext' in server;
      server.on('connection', (socket: Socket) => void this.enter(socket, isTls));
    },
    /** Counts a connection until it is closed. Returns false where it was turned away. */
    enter(socket: Socket, isTls = false): boolean {
      const left = descriptors.state();
      if (left === 'tight') dropOldest(waiting);
      if (left === 'spent') {
        turnAway(socket, isTls);
        return false;
      }
      const ends = endsOf(socket);
      enter(ends, { socket, since: Date.now(), address: plainAddress(socket.remoteAddress ?? ''), isTls });
      socket.once('close', () => leave(ends));
      return true;
    },
    /** Counts a connection no longer: it is on its way to another process. */
    leave: (socket: Socket) => void leave(endsOf(socket)),
    /** Lets a connection wait no longer while its request has a place elsewhere. */
    hold(socket: Socket, response: ServerResponse): void {
      const ends = endsOf(socket);
      const entry = leave(ends);
      if (entry === undefined) return;
      response.once('close', () => entry.socket.destroyed || enter(ends, entry));
    },
    /** Returns the end of an upgrade in progress; where there is no room, who fills it: see `Places`. */
    beginUpgrade(socket: Socket, address: string): (() => void) | 'all' | 'address' {
      const end = upgrades.take(address);
      if (typeof end !== 'string') leave(endsOf(socket));
      return end;
    },
  };
}

export function exportWaiting(registry: Registry, { waiting }: Pick<ConnectionLimit, 'waiting'>): void {
  exportGauge(registry, {
    name: 'trunkline_waiting_connections',
    help: 'connections that wait for a request, or stay open after one',
    read: waiting,
  });
}

const NOBODY: ReadonlyMap<string, Waiting> = new Map();

/** True when the oldest of them had an answer already, or time enough to ask for one. */
function hadItsTime(entries: ReadonlyMap<string, Waiting>): boolean {
  const [oldest] = entries.values();
  return oldest !== undefined && (oldest.socket.bytesWritten > 0 || Date.now() - oldest.since >= GRACE_MS);
}

/** Identifies a connection: under TLS the upgraded socket is another object than the accepted one, with the same ends. */
export function endsOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort} ${socket.localPort}`;
}
