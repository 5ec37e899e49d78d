// Measures how much of its memory a process has used: its heap against V8's limit, and what is resident against the limit of the system, or a configured one.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8';

/** `of`: the part that is fullest. */
export interface MemoryUse {
  readonly of: 'heap' | 'cgroup' | 'process';
  readonly usedBytes: number;
  readonly limitBytes: number;
}

const MIB = 2 ** 20;
/** Size of each of the three parts of V8's young generation, which its limit of the heap includes and live objects leave. */
export const SEMI_SPACE_MIB = 4;
const YOUNG_BYTES = 3 * SEMI_SPACE_MIB * MIB;
/** A limit as large as this is none: libuv gives the largest number there is where the system sets no limit. */
const NO_LIMIT_BYTES = 2 ** 60;

/** `limitBytes`: the most that the process may hold, as configured. Without one that is for the system to say, for all processes of its cgroup together. */
export function measureMemory(limitBytes?: number): MemoryUse {
  const heap = measureHeap();
  const resident =
    limitBytes === undefined
      ? measureCgroup()
      : { of: 'process' as const, usedBytes: process.memoryUsage.rss(), limitBytes };
  return resident === undefined || partOf(heap) >= partOf(resident) ? heap : resident;
}

/** Used over limit. */
export const partOf = ({ usedBytes, limitBytes }: MemoryUse): number => usedBytes / limitBytes;

/**
 * Garbage counts, too. V8 collects it when the heap has grown by half of what is left at the latest (`MemoryController::BoundAllocationLimit`), so that of a
 * heap which is used by nine tenths at least eight tenths are in use.
 */
function measureHeap(): MemoryUse {
  const old = getHeapSpaceStatistics().filter(({ space_name: name }) => !name.startsWith('new_'));
  const usedBytes = old.reduce((sum, { space_used_size: used }) => sum + used, 0);
  return { of: 'heap', usedBytes, limitBytes: getHeapStatistics().heap_size_limit - YOUNG_BYTES };
}

/** Undefined where no cgroup sets a limit. Where its use cannot be read, the process is taken to be all that is in it. */
function measureCgroup(): MemoryUse | undefined {
  const limitBytes = process.constrainedMemory();
  if (limitBytes === 0 || limitBytes > NO_LIMIT_BYTES) return undefined;
  return { of: 'cgroup', usedBytes: workingSet() ?? process.memoryUsage.rss(), limitBytes };
}

/**
 * Returns what the processes of a cgroup hold (version 2), without pages of files that the kernel may take back at any time: the working set of Kubernetes.
 * Undefined where it cannot be read.
 */
export function workingSet(root = '/sys/fs/cgroup', own = '/proc/self/cgroup'): number | undefined {
  try {
    const [, path = '/'] = /^0::(.*)$/m.exec(readFileSync(own, 'utf8')) ?? [];
    const folder = join(root, path);
    const [, inactive = '0'] = /^inactive_file (\d+)$/m.exec(readFileSync(join(folder, 'memory.stat'), 'utf8')) ?? [];
    return Number(readFileSync(join(folder, 'memory.current'), 'utf8')) - Number(inactive);
  } catch {
    return undefined;
  }
}
