// HTTP calls on a schedule, from a process of its own: what is asked of it, and what it saw.

import { startRemote } from '../remote.ts';

export interface Calls {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body: string;
  /** What a right answer has, and the last bytes that it ends with. */
  readonly status: number;
  readonly ending: string;
  readonly perSecond: number;
  /** Kept alive, and never more of them. A call that waits for one waits in its latency. */
  readonly connections: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** false: nobody looks at its times, so it sleeps instead of looking at the clock. */
  readonly isTimed: boolean;
  /** Of the schedule. */
  readonly seed: number;
}

/** Of the measured calls. Histograms in nanoseconds, compressed base64; latency counts from the intended time. */
export interface Called {
  readonly calls: number;
  /** Right ones. */
  readonly answers: number;
  /** Status -> answers; 0: none. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Not sent, since too many were open already. */
  readonly unsent: number;
  /** Those of the warm-up too. */
  readonly callsInAll: number;
  readonly firstByte: string;
  readonly total: string;
  readonly lateness: string;
  readonly seconds: number;
}

export interface Caller {
  readonly pid: number;
  /** Resolves when the last call is answered, or was waited for. */
  call(calls: Calls): Promise<Called>;
  /** Ends the schedule of a `call` that is under way now, which then resolves. */
  cease(): Promise<void>;
  stop(): Promise<void>;
}

export function startCaller(): Caller {
  const remote = startRemote(new URL('./caller-process.ts', import.meta.url));
  return {
    pid: remote.pid,
    call: (calls) => remote.ask('call', calls),
    cease: () => remote.ask('cease'),
    stop: remote.stop,
  };
}
