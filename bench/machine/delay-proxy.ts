// A TCP proxy that makes loopback a distance: what one side sends reaches the other half a round trip later, whole and in
// order. It runs in a process of its own, so that its waiting disturbs nobody.

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface Distance {
  /** Port on 127.0.0.1. */
  readonly targetPort: number;
  /** Half of it in each direction. What a client says earlier than this after it connected waits as long as it takes to. */
  readonly roundTripMs: number;
}

interface DelayProxy {
  readonly port: number;
  /** Stops the proxy and ends its connections. */
  close(): void;
}

/** Bytes of one direction that may be on their way, or wait for a reader that is slow. */
const MOST_BYTES = 1024 * 1024;
/** Timers are exact to a millisecond, and may be early by a part of one. */
const TIMER_MS = 2;

export async function createDelayProxy({ targetPort, roundTripMs }: Distance): Promise<DelayProxy> {
  const sockets = new Set<Socket>();
  const own = (socket: Socket): void => {
    sockets.add(socket.setNoDelay(true));
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const target = connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true });
    own(client);
    own(target);
    // The client is held back for a whole round trip: on loopback it is connected at once, over a distance it could not send
    // before.
    const connectedAt = performance.now() + roundTripMs;
    carry(client, target, (sentAt) => Math.max(sentAt, connectedAt) + roundTripMs / 2);
    carry(target, client, (sentAt) => sentAt + roundTripMs / 2);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as { port: number }).port,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

interface OnItsWay {
  readonly due: number;
  readonly bytes: number;
  readonly arrive: () => void;
}

/** One direction: bytes, the end, and the loss of the connection all take the same way. */
function carry(from: Socket, to: Socket, dueOf: (sentAt: number) => number): void {
  const way: OnItsWay[] = [];
  let bytesOnWay = 0;

  function send(bytes: number, arrive: () => void): void {
    way.push({ due: dueOf(performance.now()), bytes, arrive });
    bytesOnWay += bytes;
    if (way.length === 1) waitUntil(way[0]?.due ?? 0, deliver);
    holdBack();
  }

  function deliver(): void {
    for (let next = way[0]; next !== undefined && next.due <= performance.now(); next = way[0]) {
      way.shift();
      bytesOnWay -= next.bytes;
      next.arrive();
    }
    if (way[0] !== undefined) waitUntil(way[0].due, deliver);
    holdBack();
  }

  function holdBack(): void {
    if (bytesOnWay + to.writableLength > MOST_BYTES) from.pause();
    else from.resume();
  }

  from.on('data', (chunk) => send(chunk.length, () => to.write(chunk)));
  from.on('end', () => send(0, () => to.end()));
  from.on('close', () => send(0, () => to.destroySoon()));
  // The other end is closed then, which is passed on.
  from.on('error', () => {});
  to.on('drain', holdBack);
}

/**
 * The wait is never too short. Its last part runs turn by turn of the loop, so that what arrives meanwhile is seen when it
 * arrives.
 */
function waitUntil(due: number, act: () => void): void {
  const leftMs = due - performance.now();
  if (leftMs <= 0) act();
  else if (leftMs <= TIMER_MS) setImmediate(waitUntil, due, act);
  else setTimeout(waitUntil, leftMs - TIMER_MS, due, act);
}
