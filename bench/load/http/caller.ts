// HTTP calls on a schedule, from a process of its own: what is asked of it, and what it saw.

import { startRpcProcess } from '../../machine/rpc.ts';

export interface CallPlan {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body: string;
  /** Status of a right answer, and the last bytes that it ends with. */
  readonly status: number;
  readonly ending: string;
  readonly perSecond: number;
  /** Kept alive, and never more of them. A call that waits for one waits in its latency. */
  readonly connections: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** false: nobody looks at its times, so it sleeps instead of looking at the clock. */
  readonly isTimed: boolean;
  /** Seed of the schedule. */
  readonly seed: number;
}

/** Results of the measured calls. Histograms are in nanoseconds, compressed base64; latency counts from the intended time. */
export interface CallResults {
  readonly calls: number;
  /** Right ones. */
  readonly answers: number;
  /** Status -> answers; 0: none. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Calls that were not sent, since too many were open already. */
  readonly unsent: number;
  /** Calls including those of the warm-up. */
  readonly callsInAll: number;
  readonly firstByte: string;
  readonly total: string;
  readonly lateness: string;
  readonly seconds: number;
}

export interface Caller {
  readonly pid: number;
  /** Resolves when the last call is answered, or was waited for. */
  call(calls: CallPlan): Promise<CallResults>;
  /** Ends the schedule of a `call` that is under way now, which then resolves. */
  stopCalling(): Promise<void>;
  stop(): Promise<void>;
}

export function startCaller(): Caller {
  const child = startRpcProcess(new URL('./caller-process.ts', import.meta.url));
  return {
    pid: child.pid,
    call: (calls) => child.call('call', calls),
    stopCalling: () => child.call('stopCalling'),
    stop: child.stop,
  };
}
