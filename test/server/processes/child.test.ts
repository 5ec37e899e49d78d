// A forked process that is started again when it dies, until it is stopped.

import { readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { pino } from 'pino';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Rpc } from '../../../server/ipc/channel/rpc.ts';
import { Child } from '../../../server/processes/child.ts';
import { childrenOf, isRunning } from '../../support/processes.ts';
import { until } from '../../support/until.ts';

interface Line {
  readonly msg: string;
  readonly child?: number;
  readonly signal?: string;
}

let lines: Line[];
let starts: Rpc[];
let deaths: Child[];
let child: Child | undefined;

afterEach(() => child?.stop());

/** Any module that keeps a channel will do; a gateway process that was given nothing to serve answers this question. */
const isThere = async (channel: Rpc): Promise<void> => {
  if ((await channel.call('records')) !== undefined) throw new Error('expected a process that serves nothing');
};

function create(start = isThere, more: { readonly niceness?: number; readonly silenceMs?: () => number } = {}): Child {
  lines = [];
  starts = [];
  deaths = [];
  child = new Child({
    name: 'gateway/process',
    ...more,
    log: pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line)) }),
    handlers: () => ({}),
    async start(channel) {
      await start(channel);
      starts.push(channel);
    },
    onDeath: (dead) => deaths.push(dead),
  });
  return child;
}

const pids = () => lines.flatMap((line) => (line.msg === 'process started' && line.child ? [line.child] : []));

/** Those that run. Other suites of this process may have left children of other kinds. */
const children = () => childrenOf(process.pid, 'gateway/process');

test('starts the process, which can be called then', async () => {
  const running = create();
  expect(running.rpc).toBeUndefined();
  await running.start();
  expect(running.rpc).toBe(starts[0]);
  if (running.rpc) await isThere(running.rpc);
});

test('gives the process two heaps of malloc, unless the environment says how many', async () => {
  const arenas = (pid: number | undefined) =>
    /MALLOC_ARENA_MAX=(\d+)/.exec(readFileSync(`/proc/${pid}/environ`, 'utf8'))?.[1];
  onTestFinished(() => void vi.unstubAllEnvs());
  vi.stubEnv('MALLOC_ARENA_MAX', undefined);
  await create().start();
  expect(arenas(pids()[0])).toBe('2');
  await child?.stop();
  vi.stubEnv('MALLOC_ARENA_MAX', '5');
  await create().start();
  expect(arenas(pids()[0])).toBe('5');
});

test('lowers the priority of the process by its niceness', async () => {
  await create(isThere, { niceness: 10 }).start();
  expect(getPriority(pids()[0])).toBe(getPriority(process.pid) + 10);
});

test('starts the process again each time that it dies', async () => {
  const running = create();
  await running.start();
  for (let turn = 1; turn <= 2; turn++) {
    process.kill(pids().at(-1) ?? 0, 'SIGKILL');
    await until(() => starts.length === turn + 1 && running.rpc === starts.at(-1));
    expect(deaths).toHaveLength(turn);
  }
  expect(new Set(pids()).size).toBe(3);
  expect(lines.filter(({ msg }) => msg === 'process died').map(({ signal }) => signal)).toEqual(['SIGKILL', 'SIGKILL']);
});

test('has no channel while the process is dead, and calls to it fail', async () => {
  const running = create();
  await running.start();
  const before = running.rpc;
  process.kill(pids()[0] ?? 0, 'SIGKILL');
  await until(() => deaths.length === 1);
  expect(running.rpc).toBeUndefined();
  await expect(before?.call('records')).rejects.toThrow('gone');
});

test('tries a restart that failed again', async () => {
  let attempts = 0;
  const running = create((channel) => {
    attempts += 1;
    return attempts === 2 ? Promise.reject(new Error('not now')) : isThere(channel);
  });
  await running.start();
  process.kill(pids()[0] ?? 0, 'SIGKILL');
  await until(() => starts.length === 2);
  expect(attempts).toBe(3);
  expect(lines.filter(({ msg }) => msg === 'process did not start')).toHaveLength(1);
  // The one that failed to start does not go on beside the new one.
  await until(() => children().length === 1);
});

describe('the first start', () => {
  test('rejects when it fails, and is not tried again', async () => {
    const running = create(() => Promise.reject(new Error('wrong options')));
    await expect(running.start()).rejects.toThrow('wrong options');
    expect(running.rpc).toBeUndefined();
    expect(starts).toEqual([]);
  });

  test('rejects when the process dies meanwhile', async () => {
    const running = create(async (channel) => {
      await isThere(channel);
      process.kill(children().at(-1) ?? 0, 'SIGKILL');
      return new Promise(() => {});
    });
    await expect(running.start()).rejects.toThrow('gateway/process ended with SIGKILL');
  });
});

test('ends the process when it is stopped, and does not start it again', async () => {
  const running = create();
  await running.start();
  await running.stop();
  expect(isRunning(pids()[0] ?? 0)).toBe(false);
  await running.stop();
  expect(starts).toHaveLength(1);
});

test('lets a retired process run until it dies, and does not start it again', async () => {
  const running = create();
  await running.start();
  running.retire();
  if (running.rpc) await isThere(running.rpc);
  process.kill(pids()[0] ?? 0, 'SIGKILL');
  await until(() => deaths.length === 1);
  expect(running.isGone).toBe(true);
  // Longer than the pause before a restart.
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(children()).toEqual([]);
});

test('ends a process that answers nothing any more, says so once, and starts another', async () => {
  const running = create(isThere, { silenceMs: () => 1000 });
  await running.start();
  const [hung = 0] = pids();
  process.kill(hung, 'SIGSTOP');
  await until(() => pids().length > 1 && running.rpc !== undefined);
  expect(isRunning(hung)).toBe(false);
  expect(deaths).toContain(running);
  expect(lines.filter(({ child, msg }) => child === hung && msg !== 'process started').map(({ msg }) => msg)).toEqual([
    'a process hangs: it is started anew',
  ]);
  expect(lines.some(({ msg }) => msg === 'process died')).toBe(false);
});

test('kills a process that hangs when it is stopped', async () => {
  const running = create();
  await running.start();
  process.kill(pids()[0] ?? 0, 'SIGSTOP');
  await running.stop();
  expect(isRunning(pids()[0] ?? 0)).toBe(false);
});
