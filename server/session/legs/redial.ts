// Dials until there is a socket.

import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { OutFrame } from '../../../codecs/websocket/frame.ts';

/** Pauses before the tries. The last one goes on. */
const PAUSES_MS = [0, 100, 250, 500, 1000];

/** A socket of the provider, behind its 101. */
export interface NextSocket {
  readonly socket: Socket;
  /** Masks the credential that it was dialled with, which may be another one than before. */
  readonly mask: ((bytes: Buffer) => void) | undefined;
  /** Writes that credential into the message that begins the socket; undefined where none holds it. */
  readonly opening?: ((message: OutFrame) => OutFrame) | undefined;
}

/** Dials once. `query`: parameters beside those of the client, or in their place. Resolves with undefined where there is no socket, and with `refused` where there will be none; never rejects. */
export type DialOnce = (
  signal: AbortSignal,
  query?: Readonly<Record<string, string>>,
) => Promise<NextSocket | 'refused' | undefined>;

/** Resolves with undefined once it is aborted. A socket that comes later is let go. `tried`: tries that came to nothing before. */
export async function redial(
  dial: DialOnce,
  signal: AbortSignal,
  tried: number,
): Promise<NextSocket | 'refused' | undefined> {
  for (let tries = tried; !signal.aborted; tries++) {
    await delay(PAUSES_MS[Math.min(tries, PAUSES_MS.length - 1)], undefined, { signal }).catch(() => {});
    const next = signal.aborted ? undefined : await dial(signal);
    if (next === undefined) continue;
    if (next === 'refused' || !signal.aborted) return next;
    next.socket.destroy();
  }
  return undefined;
}
