// Dials until there is a socket.

import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { OutFrame } from '../../../codecs/websocket/frame.ts';

/** Pauses before the tries. The last one goes on. */
const PAUSES_MS = [0, 100, 250, 500, 1000];

/** The part of a socket's time, and the most of it, in which a moment between turns is looked for. */
const [LEAD_PART, MAX_LEAD_MS] = [1 / 10, 60_000];
const MAX_TIMER_MS = 2 ** 31 - 1;

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

/** Returns the time until the next socket is to be dialled; undefined where no end of this one is known. `endsAt`: as the provider says, ms since the epoch. */
export function dialsIn(endsAt: number | undefined, maxLegMs: number | undefined, sinceMs: number): number | undefined {
  const saidMs = endsAt === undefined ? Number.POSITIVE_INFINITY : endsAt - Date.now();
  const leftMs = Math.min(saidMs, maxLegMs === undefined ? Number.POSITIVE_INFINITY : maxLegMs - sinceMs);
  if (leftMs === Number.POSITIVE_INFINITY) return undefined;
  return Math.min(leftMs - Math.min(MAX_LEAD_MS, leftMs * LEAD_PART), MAX_TIMER_MS);
}

/** Writes the credential of a socket into the first message that it is told, which alone may hold one. */
export function withCredential(messages: readonly OutFrame[], { opening }: NextSocket): readonly OutFrame[] {
  const [first, ...others] = messages;
  return opening === undefined || first === undefined ? messages : [opening(first), ...others];
}
