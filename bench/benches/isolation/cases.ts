// Cases of the side path while the audio is measured: each starts something, and ends it with nothing left over.

import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { BenchContext, RunningContender } from '../../bench.ts';
import { SIDE_TASK } from '../../contenders/side-settings.ts';
import type { CallPlan } from '../../load/http/caller-process.ts';
import type { Caller, MockLlm } from '../../load/load-processes.ts';
import { kill } from '../../machine/processes.ts';
import { commandOf, processTree } from '../../machine/resource-usage.ts';
import { chatCalls } from '../side-hop/bench.ts';

/** Cases in the order of a round. In the first one nothing happens: how far that moves is the noise floor. */
export const CASES = ['absent', 'tasks', 'chat', 'disk-full', 'hung', 'killed', 'failing'] as const;
export type Case = (typeof CASES)[number];

export const CASE_WORDS: Readonly<Record<Case, string>> = {
  absent: 'no side tasks (noise floor)',
  tasks: '200 side tasks/s',
  chat: '200 chat completions/s',
  failing: '200 side tasks/s, the LLM gateway answers 500',
  hung: '200 side tasks/s, the LLM gateway never answers',
  'disk-full': "200 side tasks/s, the store's disk is full",
  killed: '200 side tasks/s, the side process is killed in every slice',
};

const PER_SECOND = 200;
const CONNECTIONS = 64;
/** Longest schedule of a case, which ends it earlier. */
const LONGEST_MS = 600_000;
/** From the asking for a slice to the kill in it, beyond what is thrown away of the slice. */
const KILL_AFTER_MS = 40;
const BEGIN_MS = 150;
/** Longest wait for a side process that answers. */
const RENEW_MS = 5000;
const DRAIN_MS = 2500;
const DISK_BYTES = 24 * 1024 * 1024;

export interface SideLoad {
  /** Waits until a slice may begin. */
  before(): Promise<void>;
  /** Does what happens in a slice, of which the first `leadMs` do not count. */
  during(leadMs: number): Promise<void>;
  /** Ends the case. Resolves with what the callers saw of the side path. */
  end(): Promise<SideSeen>;
}

export interface SideSeen {
  readonly seconds: number;
  readonly asked: number;
  /** Accepted tasks, or answered calls. */
  readonly taken: number;
  /** Calls that came to the LLM gateway. */
  readonly reached: number;
  /** Kills of the side process. */
  readonly kills: number;
}

interface CaseParts {
  readonly llm: MockLlm;
  readonly caller: Caller;
  readonly running: RunningContender;
  /** Disk of the store, for `disk-full`. */
  readonly disk: Disk | undefined;
}

const nothing = async () => {};
const NOTHING: SideSeen = { seconds: 0, asked: 0, taken: 0, reached: 0, kills: 0 };

/** Resolves when it goes on. */
export async function beginCase(name: Case, { llm, caller, running, disk }: CaseParts): Promise<SideLoad> {
  if (name === 'absent') return { before: nothing, during: nothing, end: async () => NOTHING };
  if (name === 'failing') await llm.behave('fails');
  if (name === 'hung') await llm.behave('hangs');
  if (name === 'disk-full') disk?.fill();
  await llm.counts();
  const called = caller.call(callsOf(name, running));
  let kills = 0;
  await delay(BEGIN_MS);
  return {
    before: name === 'killed' ? () => whenServing(running) : nothing,
    async during(leadMs) {
      if (name !== 'killed') return;
      await delay(leadMs + KILL_AFTER_MS);
      kills += killSideProcesses(running);
    },
    async end() {
      await caller.stopCalling();
      const { seconds, calls, answers } = await called;
      const { requests } = await llm.counts();
      await llm.behave('answers');
      disk?.free();
      if (name === 'killed') await whenServing(running);
      await drained(running);
      return { seconds, asked: calls, taken: answers, reached: requests, kills };
    },
  };
}

const TASK = JSON.stringify({ kind: SIDE_TASK, text: 'Caller: my invoice is wrong. Agent: let me see. '.repeat(8) });

function callsOf(name: Case, { chat, url, headers }: RunningContender): CallPlan {
  const load = { perSecond: PER_SECOND, warmUpMs: 0, measureMs: LONGEST_MS, isTimed: false, seed: 1 };
  if (name === 'chat' && chat !== undefined) return chatCalls(chat, 'whole', load);
  const address = url('/v1/tasks').replace(/^ws/, 'http');
  return { ...load, url: address, headers, body: TASK, status: 202, ending: '}', connections: CONNECTIONS };
}

/** Waits until no task is queued or running, for a while. */
async function drained({ admin }: RunningContender): Promise<void> {
  for (const until = Date.now() + DRAIN_MS; Date.now() < until; await delay(50)) {
    const open = await Promise.all(['queued', 'running'].map((state) => hasTasks(`${admin}`, state)));
    if (!open.includes(true)) return;
  }
}

/** True also while nobody answers. */
const hasTasks = async (admin: string, state: string): Promise<boolean> =>
  (await tasksIn(admin, state))?.tasks?.length !== 0;

/** Asks the side process; undefined while nobody answers. */
async function tasksIn(admin: string, state: string): Promise<{ readonly tasks?: unknown[] } | undefined> {
  try {
    const response = await fetch(`${admin}/tasks?state=${state}&limit=1`);
    return response.ok ? ((await response.json()) as { tasks?: unknown[] }) : undefined;
  } catch {
    return undefined;
  }
}

async function whenServing({ admin }: RunningContender): Promise<void> {
  for (const until = Date.now() + RENEW_MS; Date.now() < until; await delay(20)) {
    if ((await tasksIn(`${admin}`, 'queued')) !== undefined) return;
  }
}

/** The side processes of a gateway: children of its supervisor that say so in their command. */
export const sideProcessIds = ({ pids }: Pick<RunningContender, 'pids'>): number[] =>
  pids.flatMap(processTree).filter((pid) => commandOf(pid).includes('side/process'));

/** Gives the number of kills. */
const killSideProcesses = (running: RunningContender): number => sideProcessIds(running).filter(kill).length;

/** Ends the side processes, and waits for new ones. */
export async function renewSideProcess(running: RunningContender): Promise<void> {
  killSideProcesses(running);
  await whenServing(running);
}

/** A small file system of its own. */
export interface Disk {
  readonly folder: string;
  /** Fills the disk to the last byte. */
  fill(): void;
  free(): void;
}

/** Mounts one, or says why it cannot. It is unmounted at the end of the bench. */
export async function mountDisk(context: Pick<BenchContext, 'folder' | 'own'>): Promise<Disk | string> {
  const folder = join(context.folder, 'disk');
  mkdirSync(folder);
  const options = ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'trunkline-bench', folder];
  const { stderr } = spawnSync('mount', options, { encoding: 'utf8', timeout: 2000 });
  const { blocks, bsize } = statfsSync(folder);
  if (blocks * bsize !== DISK_BYTES) return `no tmpfs can be mounted here: ${stderr?.trim() || 'there is no mount'}`;
  let isMounted = true;
  const unmount = () => {
    // A gateway that was just killed may still hold it.
    if (isMounted) spawnSync('umount', ['--lazy', folder], { stdio: 'ignore' });
    isMounted = false;
  };
  context.own({ stop: unmount });
  process.once('exit', unmount);
  const filler = join(folder, 'filler');
  return {
    folder,
    fill() {
      try {
        writeFileSync(filler, Buffer.alloc(DISK_BYTES));
      } catch {
        // The write fails when the disk is full: what fitted stays.
      }
    },
    free: () => rmSync(filler, { force: true }),
  };
}
