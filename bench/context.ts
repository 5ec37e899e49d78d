// Runs one bench: gives it its context, interleaves its rounds, and stops everything that it started, whatever happens.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench, BenchContext, BenchResult, RoundsPlan, Turn } from './bench.ts';
import { benchSchema, type RanBench } from './figures/results.ts';
import type { Rounds } from './figures/rounds.ts';
import type { BenchProgress } from './progress.ts';

const NO_RESULTS = { figures: [], measures: [], tables: [], plots: [], histograms: {}, notes: [] };

type RunOptions = Pick<BenchContext, 'settings' | 'contenders' | 'absent'> & { readonly progress: BenchProgress };

/** Runs a benchmark. Never throws: one that fails has a fault instead of results. */
export async function runBench(bench: Bench, options: RunOptions): Promise<RanBench> {
  const ends = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-bench-'));
  const startedAt = performance.now();
  const ran = { name: bench.name, description: bench.description };
  const seconds = () => Math.round((performance.now() - startedAt) / 100) / 10;
  try {
    const result = { ...NO_RESULTS, ...(await resultOf(bench, createContext(options, folder, ends))) };
    const measures = result.measures.filter(({ rounds }) => rounds.length > 0);
    // A value that is no number would spoil the results of all benches.
    return benchSchema.parse({ ...ran, ...result, measures, seconds: seconds(), fault: null });
  } catch (error) {
    const fault = error instanceof Error ? error.message : String(error);
    options.progress.say(`${bench.name}: ${fault}`);
    return { ...ran, ...NO_RESULTS, seconds: seconds(), fault };
  } finally {
    // All are stopped, even when one has a fault; and all processes are killed at the end in any case.
    await ends.disposeAsync().catch(() => {});
    rmSync(folder, { recursive: true, force: true });
  }
}

function resultOf(bench: Bench, context: BenchContext): Partial<BenchResult> | Promise<Partial<BenchResult>> {
  const missing = bench.needs === undefined ? undefined : context.absent.get(bench.needs);
  return missing === undefined ? bench.run(context) : { notes: [`${bench.needs}: ${missing}`] };
}

function createContext({ progress, ...options }: RunOptions, folder: string, ends: AsyncDisposableStack): BenchContext {
  const own: BenchContext['own'] = (started) => {
    ends.defer(async () => void (await started.stop()));
    return started;
  };
  return {
    ...options,
    folder,
    say: progress.say,
    progress: progress.at,
    rounds: (plan, run) => interleave(plan, run, progress),
    async start(name, startOptions) {
      const contender = options.contenders.find((present) => present.name === name);
      if (contender === undefined) throw new Error(`${name} is not here: ${options.absent.get(name)}`);
      return own(await contender.start({ ...startOptions, folder: mkdtempSync(join(folder, `${name}-`)) }));
    },
    own,
  };
}

/**
 * Takes turns, A B C C B A ...: what drifts on the machine meets everyone alike, and whoever comes behind another of the same code, which has
 * left it in the caches, is followed by it the next time.
 */
export async function interleave<Subject, Run>(
  { label, contenders, rounds, warmUp = true, part: [from, to] = [0, 1] }: RoundsPlan<Subject>,
  run: Turn<Subject, Run>,
  progress: Pick<BenchProgress, 'at' | 'say'>,
): Promise<Rounds<Run>> {
  const results = new Map([...contenders.keys()].map((name): [string, (Run | undefined)[]] => [name, []]));
  const of = (rounds + (warmUp ? 1 : 0)) * contenders.size;
  let done = 0;
  for (let round = warmUp ? -1 : 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? [...contenders] : [...contenders].reverse();
    for (const [name, subject] of order) {
      progress.at(`${label}: ${name}, ${done + 1} of ${of}`, from + ((to - from) * done) / of);
      done += 1;
      const result = await run(subject, { name, round }).catch((error: Error) => {
        progress.say(`${label}: ${name}: ${error.message}`);
        return undefined;
      });
      if (round >= 0) results.get(name)?.push(result);
    }
  }
  return results;
}
