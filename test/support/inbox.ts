// Messages and the close of a socket, kept from its first moment, so that a test never misses one that came early.

import type { WebSocket } from 'ws';

export interface Message {
  readonly data: Buffer;
  readonly binary: boolean;
}

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

interface Inbox {
  readonly messages: Message[];
  readonly waiting: ((message: Message) => void)[];
  readonly closed: Promise<Closed>;
}

const inboxes = new WeakMap<WebSocket, Inbox>();

/** Starts keeping; to be called in the tick in which the socket came to be. */
export function keepInbox(ws: WebSocket): void {
  const messages: Message[] = [];
  const waiting: ((message: Message) => void)[] = [];
  ws.on('message', (data: Buffer, binary: boolean) => {
    const taker = waiting.shift();
    if (taker) taker({ data, binary });
    else messages.push({ data, binary });
  });
  const closed = new Promise<Closed>((resolve) => {
    ws.once('close', (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  ws.on('error', () => {});
  inboxes.set(ws, { messages, waiting, closed });
}

function inboxOf(ws: WebSocket): Inbox {
  const inbox = inboxes.get(ws);
  if (inbox === undefined) throw new Error('this socket has no inbox');
  return inbox;
}

/** The next message that was not taken yet. */
export function message(ws: WebSocket): Promise<Message> {
  const { messages, waiting } = inboxOf(ws);
  const ready = messages.shift();
  return ready ? Promise.resolve(ready) : new Promise((resolve) => waiting.push(resolve));
}

/** The close that the socket got, or will get. */
export function closed(ws: WebSocket): Promise<Closed> {
  return inboxOf(ws).closed;
}
