// Runs one bench: gives it its context, interleaves its rounds, and stops everything that it started, whatever happens.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench, BenchContext, BenchResult, BenchSettings, Contender, RoundsPlan, Turn } from './bench.ts';
import { benchSchema, type RanBench } from './figures/results.ts';
import type { Rounds } from './figures/rounds.ts';
import type { BenchProgress } from './progress.ts';

const NO_RESULTS = { figures: [], measures: [], tables: [], plots: [], histograms: {}, notes: [] };

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
    const missing = bench.needs === undefined ? undefined : options.absent.get(bench.needs);
    const result: BenchResult = {
      ...NO_RESULTS,
      ...(missing === undefined
        ? await bench.run(createContext(options, folder, ends))
        : { notes: [`${bench.needs}: ${missing}`] }),
    };
    const measures = result.measures.filter(({ rounds }) => rounds.length > 0);
    // A value that is no number would spoil the results of all benches.
    return benchSchema.parse({ ...ran, ...result, measures, seconds: seconds(), fault: null });
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
  const own: BenchContext['own'] = (started) => {
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
    async start(name, how) {
      const contender = contenders.find((present) => present.name === name);
      if (contender === undefined) throw new Error(`${name} is not here: ${absent.get(name)}`);
      return own(await contender.start({ ...how, folder: mkdtempSync(join(folder, `${name}-`)) }));
    },
    own,
  };
}

/** Ends something. A fault must not keep the rest from being stopped; all processes are killed at the end in any case. */
async function quietly(end: () => unknown): Promise<void> {
  try {
    await end();
  } catch {}
}

/** A B C A B C ...: what drifts on the machine meets everyone alike. */
export async function interleave<Subject, Run>(
  { label, contenders, rounds, warmUp = true, part: [from, to] = [0, 1] }: RoundsPlan<Subject>,
  run: Turn<Subject, Run>,
  progress: Pick<BenchProgress, 'at' | 'say'>,
): Promise<Rounds<Run>> {
  const results = new Map([...contenders.keys()].map((name): [string, (Run | undefined)[]] => [name, []]));
  const of = (rounds + (warmUp ? 1 : 0)) * contenders.size;
  let done = 0;
  for (let round = warmUp ? -1 : 0; round < rounds; round += 1) {
    for (const [name, subject] of contenders) {
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
