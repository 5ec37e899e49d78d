// The bound of what runs take in memory: those that have ended leave first.

import { expect, test } from 'vitest';
import type { LiveRun } from '../../../../server/side/runs/live-run.ts';
import { RunMemory } from '../../../../server/side/runs/memory.ts';

const ended = (id: string, heldBytes: number) =>
  ({ id, heldBytes, logBytes: 0, isAnnounced: true, isCut: false, isOver: () => true }) as unknown as LiveRun;

const limits = { keepMs: 60_000, orphanMs: 60_000, maxBytes: 1000, totalBytes: 1000, storeMs: 60_000 };

/** A run whose log is held for a reader that does not read. */
class ReadRun {
  readonly id: string;
  readonly isAnnounced = true;
  readers = 1;
  isCut = false;
  over = false;
  logBytes = 0;

  constructor(id: string) {
    this.id = id;
  }
  get heldBytes(): number {
    return this.logBytes + 10;
  }
  isOver(): boolean {
    return this.over;
  }
  /** The slow reader needs all of it. */
  cut(maxBytes = limits.maxBytes): void {
    this.isCut = true;
    this.logBytes = Math.min(this.logBytes, maxBytes);
    memory.grown(this as unknown as LiveRun);
  }
  grow(bytes: number): void {
    this.logBytes += bytes;
    memory.grown(this as unknown as LiveRun);
  }
}
let memory: RunMemory;

test('slow readers of many runs hold no more together than totalBytes, whether their runs are under way, over or forgotten', () => {
  memory = new RunMemory(() => limits);
  const runs = Array.from({ length: 20 }, (_, at) => new ReadRun(`r${at}`));
  for (const run of runs) memory.add(run as unknown as LiveRun);
  for (let round = 0; round < 30; round++) for (const run of runs) run.grow(50);
  expect(memory.bytes).toBeLessThanOrEqual(limits.totalBytes);
  for (const run of runs.slice(0, 10)) {
    run.over = true;
    memory.ended(run as unknown as LiveRun, run.id !== 'r3');
  }
  for (const run of runs.slice(10)) run.grow(400);
  const held = runs.reduce((sum, { heldBytes }) => sum + heldBytes, 0);
  expect([memory.bytes, held <= limits.totalBytes]).toEqual([held, true]);
  for (const run of runs) {
    run.over = true;
    run.readers = 0;
    memory.grown(run as unknown as LiveRun);
    memory.forget(run as unknown as LiveRun);
  }
  expect(memory.bytes).toBe(0);
  memory.close();
});

test('a run with a long request makes room like one with a long log', () => {
  const memory = new RunMemory(() => limits);
  for (const id of ['r1', 'r2', 'r3']) {
    const run = ended(id, 400);
    memory.add(run);
    memory.ended(run, true);
  }
  expect(memory.all.map(({ id }) => id)).toEqual(['r2', 'r3']);
  memory.close();
});
