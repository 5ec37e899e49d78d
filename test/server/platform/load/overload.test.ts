// Overload as a process sees it: what it measures is given here, and time is moved by hand.

import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Overload } from '../../../../server/platform/load/overload.ts';
import { sampleOf } from '../../../support/metrics.ts';

let part = 0;
let lagMs = 0;
let ended: number[] = [];
let lines: unknown[] = [];
let registry: Registry;
let overload: Overload;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
  [part, lagMs, ended, lines] = [0, 0, [], []];
  registry = new Registry();
  const line = (figures: object, message: string) => void lines.push({ ...figures, message });
  overload = new Overload({
    limits: () => ({ lagMs }),
    registry,
    log: { info: line, warn: line } as never,
    onShort: (steps) => void ended.push(part, steps),
    measure: () => ({ of: 'heap', usedBytes: part * 1000, limitBytes: 1000 }),
  });
});

afterEach(() => {
  overload.stop();
  vi.useRealTimers();
});

/** Lets a look find the memory used by that part. */
function look(used: number): void {
  part = used;
  vi.advanceTimersByTime(100);
}

const shown = (reason: string) => sampleOf(registry, 'trunkline_overload', { reason });

test('a process is overloaded from four fifths of its memory on, and says so once in its log and in a metric', async () => {
  look(0.79);
  expect(overload.reason).toBeUndefined();
  expect(await shown('memory')).toBe(0);
  look(0.8);
  look(0.85);
  expect(overload.reason).toBe('memory');
  expect(await shown('memory')).toBe(1);
  expect(await shown('lag')).toBe(0);
  expect(lines).toEqual([
    { reason: 'memory', of: 'heap', usedBytes: 800, limitBytes: 1000, message: 'overloaded: nothing new is taken' },
  ]);
});

test('it is over once less than three quarters have been used for five seconds, and not before', () => {
  look(0.8);
  look(0.74);
  vi.advanceTimersByTime(4000);
  look(0.76);
  look(0.74);
  vi.advanceTimersByTime(4700);
  expect(overload.reason).toBe('memory');
  look(0.74);
  expect(overload.reason).toBe('memory');
  look(0.74);
  expect(overload.reason).toBeUndefined();
  expect(lines).toHaveLength(2);
  expect(lines[1]).toMatchObject({ reason: 'memory', message: 'no longer overloaded' });
});

test('a part between does not begin an overload', () => {
  for (const used of [0.76, 0.79, 0.77]) look(used);
  expect(lines).toEqual([]);
});

test('idle work ends from nine tenths on, and again each time when the part has changed by a hundredth', () => {
  look(0.89);
  expect(ended).toEqual([]);
  look(0.9);
  look(0.905);
  look(0.909);
  expect(ended).toEqual([0.9, 1]);
  look(0.92);
  look(0.905);
  expect(ended).toEqual([0.9, 1, 0.92, 2, 0.905, 1]);
  look(0.97);
  expect(ended.slice(-2)).toEqual([0.97, 6]);
});

test('idle work ends again when less than nine tenths were used meanwhile', () => {
  look(0.9);
  look(0.899);
  look(0.9);
  expect(ended).toEqual([0.9, 1, 0.9, 1]);
});

test('a loop that is late in five looks in a row is overloaded, one that is late in four is not', () => {
  lagMs = 200;
  let late = 0;
  const base = performance.now();
  const clock = vi.spyOn(performance, 'now');
  const come = (lateMs: number): void => {
    late += 100 + lateMs;
    clock.mockReturnValue(base + late);
    vi.advanceTimersByTime(100);
  };
  for (const ms of [250, 250, 250, 250, 199, 250, 250, 250, 250]) come(ms);
  expect(overload.reason).toBeUndefined();
  come(200);
  expect(overload.reason).toBe('lag');
  expect(lines).toEqual([{ reason: 'lag', lateMs: 200, message: 'overloaded: nothing new is taken' }]);
  for (let index = 0; index < 45; index++) come(index === 20 ? 150 : 0);
  expect(overload.reason).toBe('lag');
  for (let index = 0; index < 60; index++) come(99);
  expect(overload.reason).toBeUndefined();
  clock.mockRestore();
});

test('lateness counts for nothing where lagMs is 0', () => {
  const base = performance.now();
  const clock = vi.spyOn(performance, 'now');
  for (let index = 1; index < 20; index++) {
    clock.mockReturnValue(base + 5000 * index);
    vi.advanceTimersByTime(100);
  }
  expect(overload.reason).toBeUndefined();
  clock.mockRestore();
});
