// Runs one bench: gives it its context, interleaves its rounds, and stops everything that it started, whatever happens.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench, BenchContext, BenchSettings, Contender, RoundsPlan } from './bench.ts';
import { benchSchema, NO_RESULTS, type RanBench } from './figures/results.ts';
import { startGenerator, startProvider } from './load/load-processes.ts';
import type { BenchProgress } from './progress.ts';

interface RunOptions {
  readonly settings: BenchSettings;
  readonly contenders: readonly Contender[];
  readonly absent: ReadonlyMap<string, string>;
  readonly progress: BenchProgress;
}

/** Runs a benchmark. Never throws: one that fails has a fault instead of results. */
export async function runBench(bench: Bench, options: RunOptions): Promise<RanBench> {
  const ends: (() => unknown)[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-bench-'));
  const startedAt = performance.now();
  const ran = { name: bench.name, description: bench.description };
  const seconds = () => Math.round((performance.now() - startedAt) / 100) / 10;
  try {
    const result = await bench.run(createContext(options, folder, ends));
    // A value that is no number would spoil the results of all benches.
    return benchSchema.parse({ ...ran, ...result, seconds: seconds(), fault: null });
  } catch (error) {
    const fault = error instanceof Error ? error.message : String(error);
    options.progress.say(`${bench.name}: ${fault}`);
    return { ...ran, ...NO_RESULTS, seconds: seconds(), fault };
  } finally {
    for (const end of ends.reverse()) await quietly(end);
    rmSync(folder, { recursive: true, force: true });
  }
}

function createContext(options: RunOptions, folder: string, ends: (() => unknown)[]): BenchContext {
  const { settings, contenders, absent, progress } = options;
  const owned = <T extends { stop(): Promise<void> }>(started: T): T => {
    ends.push(() => started.stop());
    return started;
  };
  return {
    settings,
    contenders,
    absent,
    folder,
    say: progress.say,
    progress: progress.at,
    rounds: (plan, run) => interleave(plan, run, progress),
    start: async (contender, how) =>
      owned(await contender.start({ ...how, folder: mkdtempSync(join(folder, `${contender.name}-`)) })),
    startProvider: async (how) => owned(await startProvider(how)),
    startGenerator: async () => owned(await startGenerator()),
    onEnd: (stop) => ends.push(stop),
  };
}

/** Ends something. A fault must not keep the rest from being stopped; all processes are killed at the end in any case. */
async function quietly(end: () => unknown): Promise<void> {
  try {
    await end();
  } catch {}
}

/** A B C A B C ...: what drifts on the machine meets everyone alike. */
export async function interleave<R>(
  { label, contenders, rounds, warmUp = true, part: [from, to] = [0, 1] }: RoundsPlan,
  run: (contender: Contender, round: number) => Promise<R>,
  progress: Pick<BenchProgress, 'at' | 'say'>,
): Promise<ReadonlyMap<string, readonly (R | undefined)[]>> {
  const results = new Map(contenders.map(({ name }): [string, (R | undefined)[]] => [name, []]));
  const of = (rounds + (warmUp ? 1 : 0)) * contenders.length;
  let done = 0;
  for (let round = warmUp ? -1 : 0; round < rounds; round += 1) {
    for (const contender of contenders) {
      progress.at(`${label}: ${contender.name}, ${done + 1} of ${of}`, from + ((to - from) * done) / of);
      done += 1;
      const result = await run(contender, round).catch((error: Error) => {
        progress.say(`${label}: ${contender.name}: ${error.message}`);
        return undefined;
      });
      if (round >= 0) results.get(contender.name)?.push(result);
    }
  }
  return results;
}
