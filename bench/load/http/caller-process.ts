// The clients of HTTP, in their own process: an open loop on connections that are kept alive, timed to the first and to the last byte.

import { setTimeout as delay, setImmediate as yieldToLoop } from 'node:timers/promises';
import { Pool } from 'undici';
import { createHistogram, encodeHistogram, recordNs } from '../../figures/histogram.ts';
import { serveMethods } from '../../machine/rpc.ts';
import { ANSWER_LOOK_NS, nap } from '../schedule.ts';
import { nowNs } from '../wire.ts';
import { callCount, callSchedule } from './call-schedule.ts';

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
  /** The next plan for the same address finds them open; otherwise they are closed after the last answer. */
  readonly keepsConnections?: boolean;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** Tells that somebody looks at its times; otherwise it sleeps instead of looking at the clock. */
  readonly isTimed: boolean;
  /** Seed of the schedule. */
  readonly seed: number;
}

/** Results of the measured calls. Histograms are in nanoseconds, compressed base64; latency counts from the intended time. */
export interface CallResults {
  readonly calls: number;
  /** Calls that had a right answer. */
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

const LEAD_NS = 10e6;
/** Wait for the last answers after the last call. */
const DRAIN_MS = 3000;
/** Bytes of an answer that are kept to see how it ends. */
const TAIL_BYTES = 64;
/** Calls that are open at once at the most, so that memory is bounded when nobody answers. */
const MOST_OPEN = 2000;

let isStopped = false;
/** Connections that are kept between plans, by address. */
const kept = new Map<string, Pool>();

const methods = {
  call,
  /** Ends the schedule of a `call` that is under way now, which then resolves. */
  stopCalling(): void {
    isStopped = true;
  },
};
export type CallerMethods = typeof methods;
serveMethods(methods);

/** Resolves when the last call is answered, or was waited for. */
async function call(calls: CallPlan): Promise<CallResults> {
  isStopped = false;
  const { origin, pathname, search } = new URL(calls.url);
  const pool = poolFor(origin, calls);
  const meter = createMeter(calls);
  const request = {
    path: pathname + search,
    method: 'POST',
    headers: { 'content-type': 'application/json', ...calls.headers },
    body: calls.body,
  } as const;
  const { total, warmUps, offsetOf } = planOf(calls);
  const start = nowNs() + LEAD_NS;
  for (let index = 0; index < total && !isStopped; index += 1) {
    const intendedNs = start + offsetOf(index);
    await sleepUntil(intendedNs, calls.isTimed);
    if (isStopped) break;
    const handler = meter.begin(intendedNs, index >= warmUps);
    if (handler !== undefined) pool.dispatch(request, handler);
    await yieldToLoop();
  }
  const seconds = (nowNs() - start) / 1e9;
  for (let waited = 0; meter.open() > 0 && waited < (calls.isTimed ? DRAIN_MS : 0); waited += 5) await delay(5);
  if (!calls.keepsConnections) await pool.destroy();
  return { ...meter.called(), seconds };
}

function poolFor(origin: string, { connections, keepsConnections }: CallPlan): Pool {
  const pool = kept.get(origin) ?? new Pool(origin, { connections, pipelining: 1 });
  if (keepsConnections) kept.set(origin, pool);
  return pool;
}

function planOf({ warmUpMs, measureMs, perSecond, seed }: CallPlan) {
  const warmUps = callCount(warmUpMs, perSecond);
  return { warmUps, total: warmUps + callCount(measureMs, perSecond), offsetOf: callSchedule(perSecond, seed) };
}

async function sleepUntil(timeNs: number, isTimed: boolean): Promise<void> {
  for (let rest = timeNs - nowNs(); rest > 0; rest = timeNs - nowNs()) {
    if (isTimed) await nap(rest, ANSWER_LOOK_NS);
    else await delay(Math.ceil(rest / 1e6));
  }
}

function createMeter({ status: right, ending }: CallPlan) {
  const [firstByte, total, lateness] = [createHistogram(), createHistogram(), createHistogram()];
  const statuses: Record<string, number> = {};
  let [calls, callsInAll, answers, unsent, open] = [0, 0, 0, 0, 0];

  /** Handler of a call; undefined when it is not to be sent. */
  function begin(intendedNs: number, isMeasured: boolean) {
    callsInAll += 1;
    if (isMeasured) calls += 1;
    if (open >= MOST_OPEN) {
      if (isMeasured) unsent += 1;
      return undefined;
    }
    open += 1;
    if (isMeasured) recordNs(lateness, nowNs() - intendedNs);
    let [status, firstNs, tail] = [0, 0, ''];
    const end = (isWhole: boolean) => {
      open -= 1;
      if (!isMeasured) return;
      statuses[status] = (statuses[status] ?? 0) + 1;
      if (!isWhole || status !== right || !tail.trimEnd().endsWith(ending)) return;
      answers += 1;
      recordNs(firstByte, firstNs - intendedNs);
      recordNs(total, nowNs() - intendedNs);
    };
    return {
      onRequestStart() {},
      onResponseStart(_: unknown, code: number) {
        status = code;
      },
      onResponseData(_: unknown, chunk: Buffer) {
        firstNs ||= nowNs();
        tail = (tail + chunk.toString('latin1', Math.max(0, chunk.length - TAIL_BYTES))).slice(-TAIL_BYTES);
      },
      onResponseEnd: () => end(true),
      onResponseError: () => end(false),
    };
  }

  return {
    begin,
    open: () => open,
    called: () => ({
      ...{ calls, callsInAll, answers, unsent, statuses },
      firstByte: encodeHistogram(firstByte),
      total: encodeHistogram(total),
      lateness: encodeHistogram(lateness),
    }),
  };
}
