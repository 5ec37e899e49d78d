// Public names that were replaced and still work. The log says so once in a process for each name.

import type { Logger } from 'pino';

export type WarnOfOldName = (name: string, replacement: string) => void;

export function oldNameWarner(log: Pick<Logger, 'warn'>): WarnOfOldName {
  const warned = new Set<string>();
  return (name, replacement) => {
    if (warned.has(name)) return;
    warned.add(name);
    log.warn({ name, replacement }, 'a client uses a name that was replaced');
  };
}
