// Versions of the other contenders in the report, found in what their commands print, warnings included.

import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { contenders } from '../../../bench/contenders/index.ts';
import { onPath } from '../../../bench/contenders/server.ts';

const folder = mkdtempSync(join(tmpdir(), 'trunkline-versions-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => void vi.unstubAllEnvs());

/** Recorded outputs; long lines are cut. */
const PRINTED: Readonly<Record<string, readonly [command: string, output: string, version: string]>> = {
  haproxy: [
    'haproxy',
    `HAProxy version 2.6.12-1+deb12u4 2026/10/17 - https://haproxy.org/
Status: long-term supported branch - will stop receiving fixes around Q2 2027.
Known bugs: http://www.haproxy.org/bugs/bugs-2.6.12.html
Running on: Linux 6.18.44 #1 SMP PREEMPT_DYNAMIC @0 x86_64`,
    '2.6.12-1+deb12u4',
  ],
  nginx: ['nginx', 'nginx version: nginx/1.22.1', '1.22.1'],
  litellm: [
    'litellm',
    `10:07:31 - LiteLLM:WARNING: get_model_cost_map.py:327 - LiteLLM: model cost map fetch attempt 1/3 failed ([Errno -2]); retrying in 2.8s
10:07:31 - LiteLLM:WARNING: get_model_cost_map.py:705 - LiteLLM: Failed to reach 10.20.30.40. Falling back to local backup.

LiteLLM: Current Version = 1.108.7
`,
    '1.108.7',
  ],
  bifrost: ['bifrost-http', 'took 1.5s to load\nbifrost-http version v1.3.9', '1.3.9'],
};

function command(name: string, output: string): void {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\ncat >&2 <<'END'\n${output}\nEND\n`);
  chmodSync(file, 0o755);
}

test.each(Object.entries(PRINTED))(
  'the version of %s is found behind its own words',
  (name, [bin, output, version]) => {
    command(bin, output);
    vi.stubEnv('PATH', `${folder}:${process.env.PATH}`);
    const contender = contenders.find((known) => known.name === name);
    expect(contender?.absent()).toBeUndefined();
    expect(contender?.version()).toBe(version);
  },
);

test('every contender that is found as a command has a recorded output here', () => {
  vi.stubEnv('PATH', join(folder, 'nothing'));
  const absent = contenders.filter((contender) => contender.absent()?.endsWith('on PATH'));
  // Those that were found before keep what they printed.
  expect(absent.filter(({ name }) => !(name in PRINTED))).toEqual([]);
});

test('the version of portkey is that of its package', () => {
  const home = join(folder, 'portkey/node_modules/@portkey-ai/gateway/package.json');
  mkdirSync(dirname(home), { recursive: true });
  writeFileSync(home, '{ "version": "1.15.2" }');
  vi.stubEnv('TRUNKLINE_BENCH_PORTKEY', join(folder, 'portkey'));
  expect(contenders.find(({ name }) => name === 'portkey')?.version()).toBe('1.15.2');
});

test('numbers without the words that name the version are no version', () => {
  command('quiet', 'warning: waited 2.8s for 10.0.0.1');
  vi.stubEnv('PATH', `${folder}:${process.env.PATH}`);
  const quiet = onPath('quiet', { flag: '-v', pattern: /^quiet version (\S+)/m });
  expect([quiet.absent(), quiet.version()]).toEqual([undefined, 'unknown']);
  expect(onPath('no-such-command', { flag: '-v', pattern: /(.)/ }).absent()).toBe('no no-such-command on PATH');
});
