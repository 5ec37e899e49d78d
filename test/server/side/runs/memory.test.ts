// The bound of what runs take in memory: those that have ended leave first.

import { expect, test } from 'vitest';
import type { LiveRun } from '../../../../server/side/runs/live-run.ts';
import { RunMemory } from '../../../../server/side/runs/memory.ts';

const ended = (id: string, heldBytes: number) =>
  ({ id, heldBytes, isAnnounced: true, isCut: false, isOver: () => true }) as unknown as LiveRun;

test('a run with a long request makes room like one with a long log', () => {
  const memory = new RunMemory(() => ({
    keepMs: 60_000,
    orphanMs: 60_000,
    maxBytes: 1000,
    totalBytes: 1000,
    storeMs: 60_000,
  }));
  for (const id of ['r1', 'r2', 'r3']) {
    const run = ended(id, 400);
    memory.add(run);
    memory.ended(run, true);
  }
  expect(memory.all.map(({ id }) => id)).toEqual(['r2', 'r3']);
  memory.close();
});
