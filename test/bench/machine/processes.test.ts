// The processes of the benchmark: what they cost is seen, and none outlives it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { freePort, isListening, outputOf, startCommand, whenReady } from '../../../bench/machine/processes.ts';
import { processTree, resourceUsage } from '../../../bench/machine/resource-usage.ts';

const module = fileURLToPath(new URL('../../../bench/machine/processes.ts', import.meta.url));
/** A process that was killed may wait for its parent as a zombie. */
const isAlive = (pid: number): boolean => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

test('a command that runs has a process tree with a cost, and one that was stopped is gone', async () => {
  const started = await startCommand(process.execPath, [
    '-e',
    'setInterval(() => {}, 1000); for (let i = 0; i < 1e7; i++);',
  ]);
  expect(processTree(process.pid)).toContain(started.pid);
  await expect.poll(() => resourceUsage([started.pid])?.cpuNs).toBeGreaterThan(0);
  expect(resourceUsage([started.pid])?.rssBytes).toBeGreaterThan(1e6);
  await started.stop();
  expect(started.hasExited()).toBe(true);
  expect(isAlive(started.pid)).toBe(false);
  expect(resourceUsage([])).toBeUndefined();
});

test('the fault of a command that ends instead of being ready has its output', async () => {
  const started = await startCommand(process.execPath, ['-e', 'console.error("no such option"); process.exit(1)']);
  await expect(whenReady(started, () => undefined)).rejects.toThrow('no such option');
});

test('the output of a missing command is undefined', () => {
  expect(outputOf('no-such-command-here', ['-v'])).toBeUndefined();
  expect(outputOf(process.execPath, ['--version'])).toContain(process.version);
});

test('a free port is one where nobody listens', async () => {
  expect(await isListening(await freePort())).toBeUndefined();
});

test('the exit of the benchmark also kills what its processes started', async () => {
  const grandchild = 'setInterval(() => {}, 1000)';
  const child = `const c = require("child_process").spawn(process.execPath, ["-e", ${JSON.stringify(grandchild)}]);
    console.log(c.pid); process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)`;
  const benchmark = `const { startCommand, whenReady } = await import(${JSON.stringify(module)});
    const started = await startCommand(process.execPath, ["-e", ${JSON.stringify(child)}]);
    await whenReady(started, () => started.output() || undefined);
    console.log(started.pid, started.output().trim());
    process.exit();`;
  const run = spawn(process.execPath, ['--input-type=module', '-e', benchmark], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  run.stdout.on('data', (chunk) => {
    output += chunk;
  });
  await once(run, 'close');
  const pids = output.trim().split(' ').map(Number);
  expect(pids).toHaveLength(2);
  for (const pid of pids) await expect.poll(() => isAlive(pid)).toBe(false);
});
