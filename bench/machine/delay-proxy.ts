// A TCP proxy that makes loopback a distance: what one side sends reaches the other half a round trip later, whole and in
// order. It runs in a process of its own, so that its waiting disturbs nobody.

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay, setImmediate as yieldToLoop } from 'node:timers/promises';

export interface Distance {
  /** Port on 127.0.0.1. */
  readonly targetPort: number;
  /** Half of it in each direction. What a client says earlier than this after it connected waits as long as it takes to. */
  readonly roundTripMs: number;
}

/** Pieces of one direction that may be on their way, or wait for a reader that is slow. Each is one read of 64 KiB at the most. */
const MOST_PIECES = 32;
/** Timers are exact to a millisecond, and may be early by a part of one. */
const TIMER_MS = 2;

/** `close` stops the proxy and ends its connections. */
export async function createDelayProxy({ targetPort, roundTripMs }: Distance) {
  const closing = new AbortController();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const target = connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    // The client is held back for a whole round trip: on loopback it is connected at once, over a distance it could not send
    // before.
    const connectedAt = performance.now() + roundTripMs;
    const carry = (from: Socket, to: Socket, dueOf: (sentAt: number) => number) =>
      // The loss of a connection is passed on by `pipeline`.
      pipeline(from, stamped(dueOf), whenDue, to, { signal: closing.signal }).catch(() => {});
    void carry(client, target, (sentAt) => Math.max(sentAt, connectedAt) + roundTripMs / 2);
    void carry(target, client, (sentAt) => sentAt + roundTripMs / 2);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as { port: number }).port,
    close(): void {
      server.close();
      closing.abort();
    },
  };
}

interface Piece {
  readonly due: number;
  /** Bytes of one read; undefined for the end. */
  readonly bytes?: Buffer;
}

function stamped(dueOf: (sentAt: number) => number): Transform {
  const piece = (bytes?: Buffer): Piece => ({ due: dueOf(performance.now()), ...(bytes && { bytes }) });
  return new Transform({
    readableObjectMode: true,
    readableHighWaterMark: MOST_PIECES,
    transform: (bytes, _, done) => done(null, piece(bytes)),
    flush: (done) => done(null, piece()),
  });
}

/** Each piece arrives when it is due, never earlier. */
async function* whenDue(pieces: AsyncIterable<Piece>) {
  for await (const { due, bytes } of pieces) {
    // The last part of the wait goes turn by turn of the loop, so that what arrives meanwhile is seen when it arrives.
    for (let leftMs = due - performance.now(); leftMs > 0; leftMs = due - performance.now())
      await (leftMs > TIMER_MS ? delay(leftMs - TIMER_MS) : yieldToLoop());
    if (bytes !== undefined) yield bytes;
  }
}
