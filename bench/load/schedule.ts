// The open loop: frames leave on a schedule that nothing that happens can shift, and how late they left is recorded.

import type { Socket } from 'node:net';
import { setTimeout as delay, setImmediate as yieldToLoop } from 'node:timers/promises';
import { createHistogram, encodeHistogram, recordNs } from '../figures/histogram.ts';
import type { Load, SentLoad } from './load.ts';
import { nowNs, stamped, type Template } from './wire.ts';

/** Timers are exact to a millisecond only; what is left is waited for in the kernel, to about 60 us. */
const TIMER_NS = 2e6;
/** Frames at once at the most when it is behind: then it looks at its sockets. */
const MOST_AT_ONCE = 64;
/** Time without looking at the sockets, which only have pings for a sender: a look costs as much as a frame. */
const LOOK_NS = 10e6;
/** A run whose peer takes nothing is ended, not held in memory. */
const MOST_QUEUED_BYTES = 8 * 1024 * 1024;
/**
 * Time between two looks at the sockets while waiting for the moment to send, for senders that also measure when answers come.
 */
export const ANSWER_LOOK_NS = 100_000;
const LEAD_NS = 10e6;

const sleeping = new Int32Array(new SharedArrayBuffer(4));

/** Session k of n sends frame i at `(i + k / n) * frameMs`. Throws when a socket no longer takes what is sent. */
export async function sendOnSchedule(
  sockets: readonly Socket[],
  templates: readonly Template[],
  load: Load,
): Promise<SentLoad> {
  const lateness = createHistogram();
  const gapNs = (load.frameMs * 1e6) / sockets.length;
  const warmUps = framesIn(load.warmUpMs, load, sockets.length);
  const total = warmUps + framesIn(load.measureMs, load, sockets.length);
  const wantsEcho = load.frame === 'ask';
  const lookNs = wantsEcho ? ANSWER_LOOK_NS : LOOK_NS;
  const start = nowNs() + LEAD_NS;
  let bytes = 0;
  let lookedNs = 0;
  for (let index = 0; index < total; ) {
    await sleepUntil(start + index * gapNs, lookNs);
    for (let burst = 0; burst < MOST_AT_ONCE && index < total; burst += 1, index += 1) {
      const intendedNs = start + index * gapNs;
      const lateNs = nowNs() - intendedNs;
      if (lateNs < 0) break;
      const isMeasured = index >= warmUps;
      const template = templates[index % templates.length] as Template;
      write(sockets[index % sockets.length] as Socket, stamped(template, { intendedNs, isMeasured, wantsEcho }));
      if (!isMeasured) continue;
      recordNs(lateness, lateNs);
      bytes += template.messageBytes;
    }
    if (nowNs() - lookedNs < lookNs) continue;
    await yieldToLoop();
    lookedNs = nowNs();
  }
  const ns = nowNs() - (start + warmUps * gapNs);
  return { frames: total - warmUps, warmUps, bytes, lateness: encodeHistogram(lateness), ns };
}

/** Frames of all sessions in that time. */
const framesIn = (ms: number, { frameMs }: Pick<Load, 'frameMs'>, sessions: number): number =>
  Math.round(ms / frameMs) * sessions;

function write(socket: Socket, frame: Buffer): void {
  socket.write(frame);
  if (socket.destroyed) throw new Error('a session ended while it was sent to');
  if (socket.writableLength > MOST_QUEUED_BYTES) throw new Error('the other end does not keep up: 8 MiB are queued');
}

/** Returns at that time or a little later, never earlier. The sockets are served until shortly before, or every `lookNs`. */
async function sleepUntil(timeNs: number, lookNs: number): Promise<void> {
  for (let rest = timeNs - nowNs(); rest > 0; rest = timeNs - nowNs()) await nap(rest, lookNs);
}

/** Sleeps for that long or less: with a timer as long as that is exact enough, then in the kernel, `lookNs` at a time. */
export async function nap(ns: number, lookNs: number): Promise<void> {
  if (ns > TIMER_NS) return delay((ns - TIMER_NS) / 1e6);
  Atomics.wait(sleeping, 0, 0, Math.min(ns, lookNs) / 1e6);
  if (ns > lookNs) await yieldToLoop();
}
