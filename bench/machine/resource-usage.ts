// Reads what a process costs from /proc: CPU time to the nanosecond where the kernel counts it so, memory, children.

import { readdirSync, readFileSync } from 'node:fs';

/** Length of a clock tick, which counts without CONFIG_SCHEDSTATS; Linux has had 100 a second on all machines for long. */
const TICK_NS = 10_000_000;

interface ResourceUsage {
  /** CPU time of all threads, user and kernel. */
  readonly cpuNs: number;
  readonly rssBytes: number;
}

/** The process and all that descend from it. */
export function processTree(root: number): number[] {
  const children = list('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const parent = parentOf(Number(name));
      return parent === undefined ? [] : [{ pid: Number(name), parent }];
    });
  const tree = [root];
  for (const pid of tree) tree.push(...children.filter(({ parent }) => parent === pid).map((value) => value.pid));
  return tree;
}

/** The sum over the trees of these roots. Where there is no /proc: undefined. */
export function resourceUsage(roots: readonly number[]): ResourceUsage | undefined {
  if (roots.length === 0 || read('/proc/self/stat') === undefined) return undefined;
  const pids = roots.flatMap(processTree);
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  return { cpuNs: sum(pids.map(cpuNsOf)), rssBytes: sum(pids.map(rssBytesOf)) };
}

/** Gives the CPU time of these trees since now, in microseconds for each of `count`; undefined where it is not known. */
export function cpuMeter(roots: readonly number[]): (count: number) => number | undefined {
  const before = resourceUsage(roots);
  return (count) => {
    const after = resourceUsage(roots);
    return before && after && (after.cpuNs - before.cpuNs) / 1000 / count;
  };
}

/** Threads that ended are counted in the process's own `stat` only, to the tick; long-lived ones to the nanosecond. */
function cpuNsOf(pid: number): number {
  const threads = list(`/proc/${pid}/task`).map((thread) => read(`/proc/${pid}/task/${thread}/schedstat`));
  const times = threads.map((text) => Number(text?.split(' ')[0] ?? 0));
  const total = times.reduce((sum, time) => sum + time, 0);
  return total > 0 ? total : ticksOf(pid) * TICK_NS;
}

/** Resident memory of the process alone. */
export function rssBytesOf(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1];
  return Number(kib ?? 0) * 1024;
}

/** User and system time of the process, in clock ticks. */
function ticksOf(pid: number): number {
  const fields = afterName(pid);
  return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
}

function parentOf(pid: number): number | undefined {
  const parent = afterName(pid)[1];
  return parent === undefined ? undefined : Number(parent);
}

/** The name of the command may hold spaces and parentheses. */
function afterName(pid: number): string[] {
  const text = read(`/proc/${pid}/stat`);
  return text === undefined ? [] : text.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** The words of its command line. */
export const commandOf = (pid: number): string => read(`/proc/${pid}/cmdline`) ?? '';

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** Files and sockets that this process, and what it starts, may have open. No limit without /proc. */
export function openFilesLimit(): number {
  const soft = /^Max open files\s+(\d+)/m.exec(read('/proc/self/limits') ?? '')?.[1];
  return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
}
