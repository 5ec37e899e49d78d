// The command line of the benchmark: what it may say, and what it means.

import { parseArgs } from 'node:util';
import type { BenchSettings } from './bench.ts';

export const BENCH_USAGE = `usage: npm run bench                                  a short set of all benches
       npm run bench -- NAME [options]                one of them, at length
       npm run bench -- route-verdict --config FILE   and what a configuration of your own has and lacks
       npm run bench -- scale --config FILE           figures of your own in the model, as JSON
       npm run bench -- compare A.json B.json [--max-regression PERCENT] [--only PREFIX,...]
       npm run bench -- report FILE                   draws a report again
       npm run bench -- ... --publish                 and makes it the committed one
options: --sessions N,...  --frame-bytes N,...  --frame-ms N,...  --rounds N  --seconds N
         --only CONTENDER,...  --json FILE  --short  --tolerance-ms N  --seed N
`;

/** Benches that read a file of the reader's own. */
const WITH_CONFIG = ['route-verdict', 'scale'];

export class BenchUsageError extends Error {}

export type Command = ReturnType<typeof readCommand>;

const options = {
  sessions: { type: 'string' },
  'frame-bytes': { type: 'string' },
  'frame-ms': { type: 'string' },
  rounds: { type: 'string' },
  seconds: { type: 'string' },
  only: { type: 'string' },
  json: { type: 'string' },
  short: { type: 'boolean' },
  'tolerance-ms': { type: 'string' },
  seed: { type: 'string' },
  'max-regression': { type: 'string' },
  publish: { type: 'boolean' },
  config: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Throws a UsageError. */
export function readCommand(args: readonly string[]) {
  const { values, positionals } = parse(args);
  const [first, ...files] = positionals;
  if (values.help) return { name: 'help' } as const;
  const only = values.only?.split(',');
  const publishes = values.publish ?? false;
  if (first === 'compare') {
    if (files.length !== 2) throw new BenchUsageError('compare: expected two files');
    const percent = number('max-regression', values['max-regression']);
    return { name: 'compare', files, maxRegression: percent && percent / 100, only } as const;
  }
  if (files.length > (first === 'report' ? 1 : 0)) throw new BenchUsageError(`unexpected: ${files.join(' ')}`);
  if (first === 'report') {
    if (files[0] === undefined) throw new BenchUsageError('report: expected a file');
    return { name: 'report', file: files[0], publishes } as const;
  }
  if (values.config !== undefined && !WITH_CONFIG.includes(first ?? ''))
    throw new BenchUsageError(`--config: only of ${WITH_CONFIG.join(' and ')}, got ${first ?? 'all benches'}`);
  const settings: BenchSettings = {
    isShort: values.short ?? first === undefined,
    sessions: numbers('sessions', values.sessions),
    frameBytes: numbers('frame-bytes', values['frame-bytes']),
    frameMs: numbers('frame-ms', values['frame-ms']),
    rounds: number('rounds', values.rounds),
    seconds: number('seconds', values.seconds),
    toleranceMs: number('tolerance-ms', values['tolerance-ms']) ?? 10,
    seed: number('seed', values.seed) ?? 1,
    config: values.config,
  };
  return { name: 'run', bench: first, settings, only, json: values.json, publishes } as const;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new BenchUsageError((error as Error).message);
  }
}

function number(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!(value > 0)) throw new BenchUsageError(`--${name}: expected a number above 0, got ${text}`);
  return value;
}

const numbers = (name: string, text: string | undefined): number[] | undefined =>
  text?.split(',').map((part) => number(name, part) as number);
