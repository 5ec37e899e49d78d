// The open loop: what it sends when, and that nothing which happens on the way shifts what comes after.

import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { percentilesMs } from '../../../bench/figures/histogram.ts';
import { createFrameReader } from '../../../bench/load/frame-reader.ts';
import type { Load } from '../../../bench/load/load.ts';
import { sendOnSchedule } from '../../../bench/load/schedule.ts';
import { createTemplate, nowNs, readStamp } from '../../../bench/load/wire.ts';

const load: Load = { frame: 'append', frameBytes: 200, frameMs: 10, warmUpMs: 20, measureMs: 200 };

interface Seen {
  readonly session: number;
  readonly intendedNs: number;
  readonly isMeasured: boolean;
  readonly atNs: number;
}

/** Sockets that note what is written to them. `onWrite` is called before. */
function sockets(count: number, seen: Seen[], onWrite: () => void = () => {}): Socket[] {
  return Array.from({ length: count }, (_, session) => {
    const read = createFrameReader(({ head }) => {
      const stamp = readStamp(head);
      if (stamp) seen.push({ session, ...stamp, atNs: nowNs() });
    });
    const write = (bytes: Buffer) => {
      onWrite();
      read(bytes);
    };
    return { write, destroyed: false, writableLength: 0 } as unknown as Socket;
  });
}

const templates = [createTemplate('append', 200, true)];

test('frames go round the sessions, evenly staggered, and never early', async () => {
  const seen: Seen[] = [];
  const sent = await sendOnSchedule(sockets(4, seen), templates, load);
  expect(sent).toMatchObject({ frames: 80, warmUps: 8 });
  expect(seen.map((frame) => frame.session)).toEqual(Array.from({ length: 88 }, (_, index) => index % 4));
  expect(seen.filter((frame) => frame.isMeasured)).toHaveLength(80);
  expect(seen.slice(0, 8).every((frame) => !frame.isMeasured)).toBe(true);
  const first = seen[0]?.intendedNs ?? 0;
  seen.forEach((frame, index) => {
    expect(Math.abs(frame.intendedNs - first - index * 2.5e6)).toBeLessThanOrEqual(1);
    expect(frame.atNs).toBeGreaterThanOrEqual(frame.intendedNs);
  });
});

test('a stall delays frames but not their intended times, and shows in the lateness of all that waited', async () => {
  const seen: Seen[] = [];
  let writes = 0;
  const stall = () => {
    writes += 1;
    if (writes === 10) for (const until = nowNs() + 100e6; nowNs() < until; );
  };
  const { lateness, frames } = await sendOnSchedule(sockets(1, seen, stall), templates, load);
  expect(frames).toBe(20);
  expect(seen).toHaveLength(22);
  const first = seen[0]?.intendedNs ?? 0;
  const offGrid = seen.map((frame, index) => Math.abs(frame.intendedNs - first - index * 10e6));
  expect(Math.max(...offGrid)).toBeLessThanOrEqual(1);
  // Frames 10 to 18 waited for 90, 80, ... 10 ms: a closed loop would have counted one of them.
  expect(percentilesMs(lateness).max).toBeGreaterThanOrEqual(89);
  expect(percentilesMs(lateness).p90).toBeGreaterThanOrEqual(69);
});

test('a peer that takes nothing ends the run', async () => {
  const full = { write: () => false, destroyed: false, writableLength: 9 * 1024 * 1024 } as unknown as Socket;
  await expect(sendOnSchedule([full], templates, load)).rejects.toThrow('does not keep up');
});

test('a session that ended ends the run', async () => {
  const gone = { write: () => false, destroyed: true, writableLength: 0 } as unknown as Socket;
  await expect(sendOnSchedule([gone], templates, load)).rejects.toThrow('ended');
});
