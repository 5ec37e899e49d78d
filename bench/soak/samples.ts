// Reads what the processes of a gateway hold: memory and files from /proc, the rest from its admin listener.

import { readdirSync } from 'node:fs';
import { commandOf, processTree, rssBytesOf } from '../machine/resource-usage.ts';

/** `role`: supervisor, gateway or side, with a number where there are several of them. */
export interface ProcessSample {
  readonly pid: number;
  readonly role: string;
  readonly rssBytes: number;
  readonly files: number;
}

/** `root`: the supervisor. */
export function sampleProcesses(root: number): ProcessSample[] {
  const seen = new Map<string, number>();
  return processTree(root).flatMap((pid) => {
    const role = pid === root ? 'supervisor' : /(gateway|side|rehearsal)\/process/.exec(commandOf(pid))?.[1];
    if (role === undefined) return [];
    const count = (seen.get(role) ?? 0) + 1;
    seen.set(role, count);
    return [{ pid, role: count === 1 ? role : `${role} ${count}`, rssBytes: rssBytesOf(pid), files: filesOf(pid) }];
  });
}

function filesOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}

/** Figures of all processes together that are to be as they were once nothing goes on any more; the lateness of the event loops since the last look. */
export interface Held {
  readonly sessions: number;
  readonly upgrades: number;
  readonly sockets: number;
  readonly timers: number;
  readonly reservedMicroUsd: number;
  readonly lagMs: number;
}

/** `admin`: URL of the admin listener. */
export async function sampleHeld(admin: string): Promise<Held> {
  const [metrics, budgets] = await Promise.all(['/metrics', '/budgets'].map((path) => textAt(admin + path)));
  const sum = (name: string, labels = ''): number => {
    const lines = metrics?.matchAll(new RegExp(`^${name}(?:\\{([^}]*)\\})? (\\S+)`, 'gm')) ?? [];
    return [...lines].reduce((total, [, own = '', value]) => (own.includes(labels) ? total + Number(value) : total), 0);
  };
  const { budgets: uses = [] } = JSON.parse(budgets ?? '{}') as { budgets?: { reservedMicroUsd?: number }[] };
  return {
    sessions: sum('trunkline_sessions'),
    upgrades: sum('trunkline_upgrades'),
    sockets: sum('nodejs_active_resources', 'type="TCPSocketWrap"'),
    timers: sum('nodejs_active_resources', 'type="Timeout"'),
    reservedMicroUsd: uses.reduce((total, { reservedMicroUsd = 0 }) => total + reservedMicroUsd, 0),
    lagMs: 1000 * sum('nodejs_eventloop_lag_max_seconds'),
  };
}

const textAt = async (url: string): Promise<string> => (await fetch(url, { headers: { connection: 'close' } })).text();
