// Configuration files for a suite: written to a folder of its own, which goes when the suite is done.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { Config } from '../../server/config/config.ts';
import { loadConfig } from '../../server/config/load.ts';
import { ConfigError, problemLine } from '../../server/config/problem.ts';
import { sideConflicts } from '../../server/side/config/side-conflicts.ts';
import { warningsOf } from '../../server/side/config/warnings.ts';

type Env = Record<string, string | undefined>;

/**
 * `write`, `load`, `configError` (what it is refused with), `refusal` (its problems, a line each, without their places) and `warnings`
 * (the same of what can never work) of a YAML text, with nothing in the environment but `env`.
 */
export function configFiles() {
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-config-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  let files = 0;

  function write(yaml: string): string {
    const file = join(folder, `${files++}.yaml`);
    writeFileSync(file, yaml);
    return file;
  }

  function load(yaml: string, env: Env = {}): Config {
    return loadConfig({ file: write(yaml), env, check: sideConflicts });
  }

  function configError(yaml: string, env: Env = {}): ConfigError {
    try {
      load(yaml, env);
    } catch (error) {
      if (error instanceof ConfigError) return error;
      throw error;
    }
    throw new Error('was accepted');
  }

  function refusal(yaml: string, env: Env = {}): string[] {
    return configError(yaml, env).problems.map((problem) => problemLine(problem, () => ''));
  }

  function warnings(yaml: string, env: Env = {}): string[] {
    const lines: string[] = [];
    const warn = (line: string) => void lines.push(line.replace(/^\S+\.yaml(:\d+:\d+)?: /, ''));
    loadConfig({ file: write(yaml), env, check: sideConflicts, advise: warningsOf, warn });
    return lines;
  }
  return { folder, write, load, configError, refusal, warnings };
}
