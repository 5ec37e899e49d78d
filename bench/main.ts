// The command line of the benchmark: runs benches and writes their report, compares two results, draws a report again.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Contender } from './bench.ts';
import { benches } from './benches/index.ts';
import { contenders } from './contenders/index.ts';
import { runBench } from './context.ts';
import { compareResults } from './figures/compare.ts';
import { type Results, resultsSchema } from './figures/results.ts';
import { createManifest } from './machine/manifest.ts';
import { createProgress } from './progress.ts';
import { figuresText } from './report/markdown.ts';
import { publish } from './report/publish.ts';
import { writeReport } from './report/report.ts';
import { BENCH_USAGE, BenchUsageError, type Command, readCommand } from './settings.ts';

const args = process.argv.slice(2);
const root = fileURLToPath(new URL('..', import.meta.url));
const NOT_ASKED = 'not asked for';

// A signal, too, ends what was started: by the 'exit' handler of processes.ts.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

try {
  process.exitCode = await run(readCommand(args));
} catch (error) {
  if (!(error instanceof BenchUsageError)) throw error;
  process.stderr.write(`${error.message}\n${BENCH_USAGE}`);
  process.exitCode = 2;
}

/** The exit code: 0 done; 1 a bench failed, or a comparison found a regression. */
async function run(command: Command): Promise<number> {
  if (command.name === 'help') return print(BENCH_USAGE, 0);
  if (command.name === 'report') {
    const results = readResults(command.file);
    return print(`${report(results)}\n${command.publishes ? published(results) : ''}`, 0);
  }
  if (command.name === 'compare') {
    const [before, after] = command.files.map(readResults) as [Results, Results];
    const { text, hasRegression } = compareResults(before, after, command);
    return print(text, hasRegression ? 1 : 0);
  }
  return measure(command);
}

async function measure({
  bench: name,
  settings,
  only,
  json,
  publishes,
}: Extract<Command, { name: 'run' }>): Promise<number> {
  const chosen = benches.filter((bench) => name === undefined || bench.name === name);
  if (chosen.length === 0)
    throw new BenchUsageError(`no bench ${name}: ${benches.map((bench) => bench.name).join(', ')}`);
  const { present, absent } = choose(only);
  const seconds = chosen.map((bench) => bench.seconds(settings, present.length));
  const progress = createProgress(seconds);
  for (const [missing, reason] of absent) if (reason !== NOT_ASKED) progress.say(`${missing}: skipped, ${reason}`);
  const manifest = createManifest({ args, settings, contenders: present, absent });
  const ran = [];
  for (const [index, bench] of chosen.entries()) {
    progress.begin(bench.name, seconds[index] ?? 0);
    ran.push(await runBench(bench, { settings, contenders: present, absent, progress }));
  }
  progress.end();
  const figures = ran.flatMap((bench) => bench.figures);
  const results = resultsSchema.parse({ version: 1, manifest, figures, benches: ran });
  const folder = report(results);
  if (json !== undefined) writeFileSync(json, JSON.stringify(results));
  const isWhole = ran.every(({ fault }) => fault === null);
  const paths = publishes && isWhole ? published(results) : '';
  return print(`${figuresText(figures)}\n${folder}/report.html\n${paths}`, isWhole ? 0 : 1);
}

/** The A/A pair is always there. */
function choose(only: readonly string[] | undefined) {
  const unknown = only?.filter((name) => !contenders.some((contender) => contender.name === name));
  if (unknown?.length)
    throw new BenchUsageError(`no contender ${unknown}: ${contenders.map((contender) => contender.name).join(', ')}`);
  const present: Contender[] = [];
  const absent = new Map<string, string>();
  for (const contender of contenders) {
    const isAsked = only === undefined || only.includes(contender.name) || contender.name.startsWith('direct');
    const reason = isAsked ? contender.absent() : NOT_ASKED;
    if (reason === undefined) present.push(contender);
    else absent.set(contender.name, reason);
  }
  return { present, absent };
}

/** Name of the folder of a report. */
function nameOf({ manifest }: Results): string {
  return manifest.at.replace(/\.\d+Z$/, 'Z').replaceAll(':', '-');
}

/** Gives the folder, below `bench/results`. */
function report(results: Results): string {
  const folder = join(root, 'bench/results', nameOf(results));
  writeReport(results, folder);
  return folder;
}

/** Gives the command that stages it: git ignores other reports. */
function published(results: Results): string {
  const paths = publish(results, nameOf(results), root);
  return `git add --update && git add --force ${paths.join(' ')}\n`;
}

function readResults(file: string): Results {
  const parsed = resultsSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (!parsed.success) throw new BenchUsageError(`${file}: not a results.json of this version`);
  return parsed.data;
}

function print(text: string, code: number): number {
  process.stdout.write(text);
  return code;
}
