// Manifest of a run: machine, versions and settings that somebody needs to repeat it, or to doubt it.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { BenchContext } from '../bench.ts';
import type { Manifest } from '../figures/results.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

type ManifestOptions = Pick<BenchContext, 'settings' | 'contenders' | 'absent'> & { readonly args: readonly string[] };

export function createManifest({ args, settings, contenders, absent }: ManifestOptions): Manifest {
  const processors = cpus();
  return {
    at: new Date().toISOString(),
    command: ['npm run bench', ...(args.length > 0 ? ['--', ...args] : [])].join(' '),
    commit: git('rev-parse', 'HEAD') ?? 'unknown',
    isClean: git('status', '--porcelain', '--untracked-files=no') === '',
    lockfile: createHash('sha256')
      .update(readFileSync(`${root}package-lock.json`))
      .digest('hex'),
    machine: {
      cpu: processors[0]?.model ?? 'unknown',
      cores: processors.length,
      memoryGib: Math.round(totalmem() / 2 ** 30),
      kernel: `${type()} ${release()}`,
      loadAverage: loadavg().map((load) => Math.round(load * 100) / 100),
    },
    node: process.version,
    contenders: Object.fromEntries(contenders.map((contender) => [contender.name, contender.version()])),
    absent: Object.fromEntries(absent),
    settings: { ...settings },
  };
}

function git(...args: string[]): string | undefined {
  try {
    return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
}
