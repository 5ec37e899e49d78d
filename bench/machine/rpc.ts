// Questions from the benchmark to one of its processes, over the channel of `fork`. A process ends with its parent.

import { type ChildProcess, fork } from 'node:child_process';
import { adopt, endChild } from './processes.ts';

type Method = (argument: never) => unknown;
type Question = { readonly id: number; readonly method: string; readonly argument: unknown };
type Answer = { readonly id: number; readonly value?: unknown; readonly fault?: string };

/** Answers calls with these methods. To be called in the started process. */
export function serveMethods(methods: Readonly<Record<string, Method>>): void {
  process.on('disconnect', () => process.exit());
  process.on('message', ({ id, method, argument }: Question) => {
    const answer = (answer: Omit<Answer, 'id'>) => process.connected && process.send?.({ id, ...answer });
    Promise.resolve()
      .then(() => (methods[method] as (argument: unknown) => unknown)(argument))
      .then(
        (value) => answer({ value }),
        (fault) => answer({ fault: fault instanceof Error ? fault.message : String(fault) }),
      );
  });
}

export interface RpcProcess {
  readonly pid: number;
  /** Throws what the method threw, or that the process has ended. */
  call<T>(method: string, argument?: unknown): Promise<T>;
  stop(): Promise<void>;
}

/** Starts the module in a process of its own. */
export function startRpcProcess(module: URL, args: readonly string[] = []): RpcProcess {
  const child = adopt(fork(module, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }));
  const open = new Map<number, (answer: Answer) => void>();
  let asked = 0;
  child.on('message', (answer: Answer) => {
    open.get(answer.id)?.(answer);
    open.delete(answer.id);
  });
  child.once('exit', () => {
    for (const [id, settle] of open) settle({ id, fault: 'its process has ended' });
    open.clear();
  });
  return {
    pid: child.pid as number,
    call<T>(method: string, argument?: unknown): Promise<T> {
      asked += 1;
      return question<T>(child, open, { id: asked, method, argument });
    },
    stop: () => endChild(child),
  };
}

function question<T>(child: ChildProcess, open: Map<number, (answer: Answer) => void>, asked: Question): Promise<T> {
  return new Promise((resolve, reject) => {
    const settle = ({ value, fault }: Answer) =>
      fault === undefined ? resolve(value as T) : reject(new Error(`${asked.method}: ${fault}`));
    if (!child.connected) return settle({ id: asked.id, fault: 'its process has ended' });
    open.set(asked.id, settle);
    child.send(asked);
  });
}
