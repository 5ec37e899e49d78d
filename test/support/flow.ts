// Ends that are slower than the other, and when the gateway has noticed.

import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import { until } from './until.ts';

/** Resolves once nothing of what the source has queued leaves any more: the gateway has stopped reading. */
export async function heldBack(source: WebSocket): Promise<void> {
  let before = -1;
  await until(async () => {
    const queued = source.bufferedAmount;
    const isStill = queued > 0 && queued === before;
    before = queued;
    await delay(50);
    return isStill;
  });
}

/** Reads so many bytes each few milliseconds until there are enough. Returns their number, and the last piece. */
export async function readSlowly(socket: Socket, { bytesPerTurn, total }: { bytesPerTurn: number; total: number }) {
  socket.removeAllListeners('data');
  socket.pause();
  let read = 0;
  let last: Buffer = Buffer.alloc(0);
  while (read < total && !socket.destroyed) {
    await delay(5);
    for (let left = bytesPerTurn; left > 0; ) {
      const chunk: Buffer | null = socket.read(Math.min(socket.readableLength, left));
      if (chunk === null) {
        socket.read(0);
        break;
      }
      read += chunk.length;
      last = chunk;
      left -= chunk.length;
    }
  }
  return { read, last };
}
