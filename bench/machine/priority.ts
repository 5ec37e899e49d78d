// Gives the processes of calls one priority. Clients and endpoints of calls run on other machines than a gateway; here they share its processors,
// and its side process has a lower priority than the audio.

import { setPriority } from 'node:os';
import type { RunningContender } from '../bench.ts';
import { processTree } from './resource-usage.ts';

/** Niceness of the side process of trunkline. */
const NICENESS = 10;

interface Processes {
  readonly load: readonly { readonly pid: number }[];
  readonly contenders: ReadonlyMap<string, RunningContender>;
}

/** Gives clients, endpoints and other gateways the priority of the side process, so that none of them comes first for want of a processor. */
export function levelPriorities({ load, contenders }: Processes): void {
  const others = [...contenders].filter(([name]) => !name.startsWith('trunkline')).map(([, running]) => running);
  const pids = [...load.map(({ pid }) => pid), ...others.flatMap(({ pids: roots }) => roots.flatMap(processTree))];
  for (const pid of pids) setPriority(pid, NICENESS);
}
