// The processes that a supervisor forked, from /proc.

import { existsSync, readFileSync } from 'node:fs';

/** The processes of a supervisor that run this module. */
export function childrenOf(pid: number, module: string): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  return children.map(Number).filter((child) => commandOf(child).includes(module));
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    // It is gone already.
    return '';
  }
}

export const isRunning = (pid: number): boolean =>
  existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));

/** kill -9 of a supervisor and all of its processes, as good as at once. */
export function killAll({ pid }: { readonly pid?: number | undefined }): void {
  if (pid === undefined) return;
  for (const member of [...childrenOf(pid, ''), pid]) process.kill(member, 'SIGKILL');
}
