// Calls to a process of the benchmark, over the channel of `fork`. A process ends with its parent.

import { fork } from 'node:child_process';
import { type Handlers, Rpc } from '../../server/ipc/channel/rpc.ts';
import { adopt, endChild } from './processes.ts';

/** A process as the benchmark sees it. Its methods reject with what they threw there, or when the process has ended. */
export type RpcProcess<Methods> = {
  readonly [Name in keyof Methods]: Methods[Name] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Awaited<Result>>
    : never;
} & { readonly pid: number; stop(): Promise<void> };

/** Answers calls with these methods. To be called in the started process. */
export function serveMethods(methods: Handlers): void {
  process.on('disconnect', () => process.exit());
  new Rpc(process, methods);
}

/** Starts the module in a process of its own. `options` is its first argument, as JSON. */
export function startRpcProcess<Methods>(module: URL, options: object = {}): RpcProcess<Methods> {
  // Processes of the gateway find two pipes behind the channel.
  const stdio = ['ignore', 'inherit', 'inherit', 'ipc', 'pipe', 'pipe'] as const;
  const child = adopt(fork(module, [JSON.stringify(options)], { stdio: [...stdio] }));
  const rpc = new Rpc(child, {});
  const own = { pid: child.pid, stop: () => endChild(child) };
  return new Proxy(own, {
    get(target, name) {
      // A promise that resolves to the process must not take it for another promise.
      if (Reflect.has(target, name) || name === 'then') return Reflect.get(target, name);
      return (argument: unknown) => rpc.call(String(name), argument);
    },
  }) as unknown as RpcProcess<Methods>;
}
