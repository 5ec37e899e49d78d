// Tests the log of a run: every reader gets every event once, in order, whenever it came and however slowly it reads, and a log that is too long
// goes on for those who read it.

import { expect, test } from 'vitest';
import type { HttpProblem } from '../../../../server/http/problem.ts';
import { RunLog } from '../../../../server/side/runs/log.ts';
import type { RunEvent, RunReader } from '../../../../server/side/runs/run.ts';

const events = (from: number, count: number, bytes = 10): RunEvent[] =>
  Array.from({ length: count }, (_, at) => ({ sequence: from + at, type: 'x', data: 'd'.repeat(bytes) }));

class Reader implements RunReader {
  readonly seen: number[] = [];
  ends = 0;
  problem: HttpProblem | undefined;
  /** Resolved by a test that lets a slow reader go on. */
  gate: PromiseWithResolvers<void> | undefined;

  onEvents(given: readonly RunEvent[]): unknown {
    this.seen.push(...given.map(({ sequence }) => sequence));
    return this.gate?.promise;
  }
  onEnd(problem?: HttpProblem): void {
    this.ends += 1;
    this.problem = problem;
  }
}
const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at);
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('readers of before, of meanwhile and of afterwards get the same events, from where they want', () => {
  const log = new RunLog();
  const readers = [new Reader(), new Reader(), new Reader()] as const;
  log.read(-1, readers[0]);
  log.append(events(0, 3));
  log.read(0, readers[1]);
  log.append(events(3, 2));
  log.end();
  log.read(-1, readers[2]);
  expect(readers.map(({ seen }) => seen)).toEqual([upTo(5), upTo(5).slice(1), upTo(5)]);
  expect(readers.map(({ ends, problem }) => [ends, problem])).toEqual(Array(3).fill([1, undefined]));
});

test('a slow reader holds up itself alone, and a reader that leaves hears nothing more', async () => {
  const log = new RunLog();
  const [slow, quick, left] = [new Reader(), new Reader(), new Reader()];
  slow.gate = Promise.withResolvers();
  log.read(-1, slow);
  log.read(-1, quick);
  const leave = log.read(-1, left);
  log.append(events(0, 2));
  leave();
  log.append(events(2, 600));
  log.end();
  expect([slow.seen.length, quick.seen.length, left.seen.length, left.ends]).toEqual([2, 602, 2, 0]);
  slow.gate.resolve();
  slow.gate = undefined;
  await turn();
  expect([slow.seen, slow.ends]).toEqual([upTo(602), 1]);
});

test('a reader that fails is told so and reads no more, and the others do', async () => {
  const faults: unknown[] = [];
  const log = new RunLog({ onFault: (error) => faults.push(error) });
  const good = new Reader();
  const told: (HttpProblem | undefined)[] = [];
  const onEnd = (problem?: HttpProblem) => void told.push(problem);
  log.read(-1, {
    onEvents() {
      throw new Error('gone');
    },
    onEnd,
  });
  log.read(-1, { onEvents: () => Promise.reject(new Error('gone later')), onEnd });
  log.read(-1, good);
  log.append(events(0, 1));
  await turn();
  log.append(events(1, 1));
  expect(good.seen).toEqual([0, 1]);
  expect([told.map((problem) => problem?.code), faults.length]).toEqual([['internal', 'internal'], 2]);
});

test('a reader is not given more than some hundred kilobytes at once, where one event is not more', () => {
  const log = new RunLog();
  const given: number[] = [];
  log.append([...events(0, 20, 60_000), ...events(20, 2, 900_000), ...events(22, 300, 10)]);
  log.read(-1, { onEvents: (some) => void given.push(some.length), onEnd() {} });
  expect(given).toEqual([4, 4, 4, 4, 4, 1, 1, 256, 44]);
});

test('a log that is cut goes on for its readers, holds what the slowest needs up to a bound, and is not read again', async () => {
  const log = new RunLog();
  const [quick, slow] = [new Reader(), new Reader()];
  slow.gate = Promise.withResolvers();
  log.read(-1, quick);
  log.read(-1, slow);
  log.append(events(0, 4));
  log.cut(1_000_000);
  log.append(events(4, 4));
  log.cut(1_000_000);
  expect(quick.seen).toEqual(upTo(8));
  const late = new Reader();
  log.read(-1, late);
  expect([late.seen, late.problem?.code]).toEqual([[], 'response_not_kept']);
  log.append(events(8, 100, 1000));
  log.cut(10_000);
  expect(log.heldBytes).toBeLessThan(10_000);
  slow.gate.resolve();
  slow.gate = undefined;
  await turn();
  expect([slow.seen, slow.problem?.code]).toEqual([upTo(4), 'response_not_kept']);
  log.end();
  expect([quick.seen.length, quick.problem]).toEqual([108, undefined]);
});
