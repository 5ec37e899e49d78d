// Running a benchmark: turns in rounds, and an end to everything that was started.

import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Bench, BenchResult, Contender } from '../../bench/bench.ts';
import { interleave, runBench } from '../../bench/context.ts';

const nothing: BenchResult = { figures: [], measures: [], tables: [], plots: [], histograms: {}, notes: [] };
const quiet = { at: () => {}, say: () => {}, begin: () => {}, end: () => {} };

function contender(name: string, onStop: () => void = () => {}): Contender {
  const stop = async () => onStop();
  const running = { url: (path: string) => path, headers: {}, pids: [], stop };
  const absent = () => undefined;
  return { name, absent, version: () => '1', start: async () => running };
}

const options = (contenders: Contender[] = []) => ({
  settings: { isShort: true, toleranceMs: 1, seed: 1 },
  contenders,
  absent: new Map<string, string>(),
  progress: quiet,
});

const bench = (run: Bench['run']): Bench => ({ name: 'some', description: 'a bench', seconds: () => 1, run });

test('contenders take turns there and back, and the first round is thrown away', async () => {
  const turns: string[] = [];
  const contenders = new Map([
    ['a', 'A'],
    ['b', 'B'],
  ]);
  const results = await interleave(
    { label: 'x', contenders, rounds: 2 },
    async (subject, { name, round }) => {
      expect(subject).toBe(name.toUpperCase());
      turns.push(name + round);
      return name + round;
    },
    quiet,
  );
  expect(turns).toEqual(['b-1', 'a-1', 'a0', 'b0', 'b1', 'a1']);
  expect(Object.fromEntries(results)).toEqual({ a: ['a0', 'a1'], b: ['b0', 'b1'] });
});

test('a run that fails is reported, and leaves a hole in its round', async () => {
  const said: string[] = [];
  const run = async (_: string, { round }: { round: number }) => {
    if (round === 1) throw new Error('no echo');
    return round;
  };
  const plan = { label: 'x', contenders: new Map([['a', 'A']]), rounds: 3, warmUp: false };
  const results = await interleave(plan, run, { ...quiet, say: (line) => said.push(line) });
  expect(results.get('a')).toEqual([0, undefined, 2]);
  expect(said).toEqual(['x: a: no echo']);
});

test('everything that a benchmark started is stopped, the last one first, and its folder is removed, also when it fails', async () => {
  const stopped: string[] = [];
  let folder = '';
  const failing = bench(async (context) => {
    folder = context.folder;
    await context.start('a', { providerPort: 1 });
    context.own({ stop: () => stopped.push('own') });
    context.own({
      stop() {
        throw new Error('does not stop');
      },
    });
    throw new Error('it broke');
  });
  const ran = await runBench(failing, options([contender('a', () => stopped.push('a'))]));
  expect(ran).toMatchObject({ name: 'some', fault: 'it broke', figures: [] });
  expect(stopped).toEqual(['own', 'a']);
  expect(existsSync(folder)).toBe(false);
});

test('a result that is no number is a fault of that benchmark, not of the report', async () => {
  const measures = [{ id: 'x', unit: 'ms', better: 'lower' as const, rounds: [Number.NaN], paired: false }];
  expect(
    (
      await runBench(
        bench(async () => ({ ...nothing, measures })),
        options(),
      )
    ).fault,
  ).toContain('measures');
  expect(
    (
      await runBench(
        bench(async () => nothing),
        options(),
      )
    ).fault,
  ).toBeNull();
});
