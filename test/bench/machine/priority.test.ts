// The priority of the processes of calls: that of load and of other gateways is lowered, that of our own is left.

import { spawn } from 'node:child_process';
import { getPriority } from 'node:os';
import { expect, test } from 'vitest';
import type { RunningContender } from '../../../bench/bench.ts';
import { levelPriorities } from '../../../bench/machine/priority.ts';

test('clients, endpoints and other gateways have the priority of a side process, and ours are left as they are', () => {
  const children = Array.from({ length: 3 }, () => spawn('sleep', ['60'], { stdio: 'ignore' }));
  const [load = 0, other = 0, own = 0] = children.map(({ pid }) => pid ?? 0);
  try {
    const contender = (pid: number) => ({ pids: [pid] }) as unknown as RunningContender;
    const contenders = new Map([
      ['portkey', contender(other)],
      ['trunkline', contender(own)],
    ]);
    levelPriorities({ load: [{ pid: load }], contenders });
    const before = getPriority(process.pid);
    expect([load, other, own].map(getPriority)).toEqual([10, 10, before]);
  } finally {
    for (const child of children) child.kill();
  }
});
