// The loads of the hop: what real sessions send, in slices that are as short as the numbers allow.

import type { BenchSettings } from '../../bench.ts';
import type { HopLoad } from './data.ts';

/** Length of the load in each direction that a contender has before its first slice. */
const WARM_UP_MS = 1500;
/** Frames a second of that load, where the sessions allow it: V8 compiles a function for good after some thousand calls. */
const WARM_UP_RATE = 5000;
const SLICE_MS = 160;
/** Time of a slice that is thrown away: one frame of each session. */
const LEAD_MS = 40;
/** Time between two slices, in which the last frames arrive. */
const PAUSE_MS = 40;
/** With one session a slice has to be longer, or its median would be that of four frames. */
const FEWEST_FRAMES = 10;

export const loadName = ({ direction, frameBytes, frameMs }: HopLoad): string =>
  `${direction === 'upstream' ? 'up' : 'down'}-${frameBytes}-${frameMs}ms`;

export const millisecondsOf = ({ warmUpMs, measureMs }: HopLoad): number => warmUpMs + measureMs + PAUSE_MS;

type LoadSize = Pick<HopLoad, 'direction' | 'frameBytes' | 'frameMs'> & Pick<BenchSettings, 'seconds'>;

/** The load of a slice. `seconds` lengthens it. */
export const loadOf = (sessions: number, { direction, frameBytes, frameMs, seconds }: LoadSize): HopLoad => ({
  direction,
  frame: direction === 'upstream' ? 'append' : 'delta',
  frameBytes,
  frameMs,
  warmUpMs: Math.max(LEAD_MS, frameMs),
  measureMs: Math.max(seconds === undefined ? SLICE_MS : 1000 * seconds, (FEWEST_FRAMES * frameMs) / sessions),
});

/** Loads of a contender before its first slice. */
export const warmUpLoads = (sessions: number): HopLoad[] =>
  (['upstream', 'downstream'] as const).map((direction) => {
    const frameMs = Math.max(1, (1000 * sessions) / WARM_UP_RATE);
    return loadOf(sessions, { direction, frameBytes: 2600, frameMs, seconds: WARM_UP_MS / 1000 });
  });

/** Milliseconds of those. */
export const warmUpTime = (sessions: number): number =>
  warmUpLoads(sessions).reduce((ms, load) => ms + millisecondsOf(load), 0);

/** Sizes and periods that are asked for go both ways; otherwise those of real sessions do. */
export function loadsFor(sessions: number, { seconds, frameBytes, frameMs }: BenchSettings): HopLoad[] {
  const load = (direction: HopLoad['direction'], bytes: number, ms: number) =>
    loadOf(sessions, { direction, frameBytes: bytes, frameMs: ms, seconds });
  const both = (bytes: number, ms: number) => [load('upstream', bytes, ms), load('downstream', bytes, ms)];
  if (frameBytes !== undefined || frameMs !== undefined) {
    const sizes = frameBytes ?? [2600];
    return (frameMs ?? [40]).flatMap((ms) => sizes.flatMap((bytes) => both(bytes, ms)));
  }
  const usual = [load('upstream', 2600, 40), load('downstream', 6500, 40)];
  return sessions === 100 ? [...usual, load('downstream', 16_000, 40), load('upstream', 1300, 20)] : usual;
}
