// Knows how many descriptors this process has left. Rule: the last of them are kept for refusals, since without one the system's only
// answer is a reset.

import { closeSync, openSync, readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import type { Refusal } from '../../../adapters/realtime/refusal.ts';

/** `tight`: only the reserve is left. `spent`: half of that is taken, too. */
export type DescriptorState = 'free' | 'tight' | 'spent';

export const outOfDescriptors: Refusal = {
  status: 503,
  code: 'out_of_descriptors',
  message: 'the gateway has as many files and connections open as the system lets it (ulimit -n)',
  retryAfterS: 5,
};

/** The largest reserve, and the part of the limit that it takes where that is less. */
const MAX_RESERVE = 64;
const RESERVE_PART = 1 / 8;
/** For so long nobody looks again where more were left than a process can open meanwhile. */
const SEEN_MS = 50;
const MOST_OPENED = 5000;

export type Descriptors = ReturnType<typeof countDescriptors>;

/** `limit`: descriptors that the process may have; Node raises its soft limit to the hard one at its start. */
export function countDescriptors(limit: number = limitOfProcess()) {
  const reserve = Math.min(MAX_RESERVE, Math.floor(limit * RESERVE_PART));
  let seenAt = Number.NEGATIVE_INFINITY;
  let seen = 0;
  return {
    /** `wanted`: descriptors that are as good as taken. */
    state(wanted = 0): DescriptorState {
      if (limit === Number.POSITIVE_INFINITY) return 'free';
      const now = performance.now();
      if (now - seenAt < SEEN_MS && seen - wanted > reserve + MOST_OPENED) return 'free';
      seenAt = now;
      seen = limit - lowestFree();
      const left = seen - wanted;
      if (left > reserve) return 'free';
      return left > reserve / 2 ? 'tight' : 'spent';
    },
  };
}

/** Tells whether the system refused a descriptor, to this process or to all. */
export function isOutOfDescriptors(error: unknown): boolean {
  return ['EMFILE', 'ENFILE'].includes((error as NodeJS.ErrnoException | undefined)?.code ?? '');
}

/** POSIX gives out the lowest number that is free, so all below it are taken; a count of them would take a list. */
function lowestFree(): number {
  try {
    const descriptor = openSync('/dev/null', 'r');
    closeSync(descriptor);
    return descriptor;
  } catch (error) {
    return isOutOfDescriptors(error) ? Number.POSITIVE_INFINITY : 0;
  }
}

function limitOfProcess(): number {
  try {
    const [, soft = ''] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return Number(soft) || Number.POSITIVE_INFINITY;
  } catch {
    // Systems without /proc; a report names the limits where there are any, and takes ten milliseconds.
    const { userLimits } = process.report.getReport() as { userLimits?: { open_files?: { soft?: unknown } } };
    return Number(userLimits?.open_files?.soft) || Number.POSITIVE_INFINITY;
  }
}
