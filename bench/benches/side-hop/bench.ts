// Measures what a chat completion pays for going through the side path, policy, budget and ledger included: direct and through
// every gateway.

import type { Bench, BenchSettings, ChatEndpoint, RunningContender } from '../../bench.ts';
import { startAll } from '../../contenders/start-all.ts';
import { percentilesMs } from '../../figures/histogram.ts';
import type { CallPlan } from '../../load/http/caller-process.ts';
import type { Pace } from '../../load/load.ts';
import { type Caller, type MockLlm, startCaller, startMockLlm } from '../../load/load-processes.ts';
import { cpuMeter, resourceUsage } from '../../machine/resource-usage.ts';
import { type RpcProcess, startRpcProcess } from '../../machine/rpc.ts';
import { answersOf } from '../http/data.ts';
import type { AutocannonMethods } from '../http/process.ts';
import {
  ANSWER_FORMS,
  type AnswerForm,
  type ChatRun,
  CLOSED_CONNECTIONS,
  PACE,
  PER_SECOND,
  type SideVisit,
} from './data.ts';
import { sideHopFigures } from './figures.ts';
import { ledgerAfter } from './ledger.ts';
import { describeSideHop } from './report.ts';

const AT_ONCE: Pace = { thinkMs: 0, tokens: 1, gapMs: 0 };
/** Connections of the open loop: more than a schedule of this rate needs, since an answer takes 60 ms. */
const CONNECTIONS = 64;
const WARM_UP_MS = 250;

export const sideHop: Bench = {
  name: 'side-hop',
  description: `a chat completion through the side path, ${PER_SECOND} a second: time to the first byte, total, CPU, throughput`,
  seconds(settings, contenders) {
    const { rounds, runMs, closedMs } = planOf(settings);
    const visitMs = 2 * (WARM_UP_MS + runMs + 150) + closedMs + 100;
    return contenders + ((rounds + 1) * Math.min(contenders, 6) * visitMs) / 1000;
  },
  async run(context) {
    const { settings } = context;
    const { rounds } = planOf(settings);
    const llm = context.own(await startMockLlm({ pace: PACE, models: ['bench'] }));
    const caller = context.own(startCaller());
    const module = new URL('../http/process.ts', import.meta.url);
    const autocannon = context.own(startRpcProcess<AutocannonMethods>(module));
    const parts = { llm, caller, autocannon, settings };
    const routing = context.contenders.filter(({ hasChat }) => hasChat);
    const ports = { providerPort: llm.port, llmPort: llm.port };
    const contenders = await startAll(context, 'side-hop', { contenders: routing, ...ports });
    const visits: SideVisit[] = [];
    const data = await context.rounds({ label: 'side-hop', contenders, rounds }, async (running, { name }) => {
      const made = await visit(parts, running);
      if (name === 'trunkline') visits.push(made);
      return made;
    });
    const judging = { ledger: await ledgerAfter(contenders.get('trunkline'), visits), seed: settings.seed };
    return { ...describeSideHop(data, judging), figures: sideHopFigures(data, judging) };
  },
};

function planOf({ isShort, rounds, seconds }: BenchSettings) {
  return {
    rounds: rounds ?? (isShort ? 3 : 8),
    runMs: 1000 * (seconds ?? (isShort ? 1.25 : 4)),
    closedMs: isShort ? 500 : 2000,
  };
}

interface Parts {
  readonly llm: MockLlm;
  readonly caller: Caller;
  readonly autocannon: RpcProcess<AutocannonMethods>;
  readonly settings: BenchSettings;
}

async function visit({ llm, caller, autocannon, settings }: Parts, running: RunningContender): Promise<SideVisit> {
  const { runMs, closedMs } = planOf(settings);
  const { seed, toleranceMs } = settings;
  const chat = running.chat as ChatEndpoint;
  const runs = new Map<AnswerForm, ChatRun>();
  for (const form of ANSWER_FORMS) {
    const options = { calls: chatCalls(chat, form, { measureMs: runMs, seed }), toleranceMs };
    const first = await runChat(caller, running, options);
    runs.set(form, first.invalid === undefined ? first : await runChat(caller, running, options));
  }
  await llm.pace(AT_ONCE);
  try {
    const headers = { ...chat.headers, 'content-type': 'application/json' };
    const load = { url: chat.url, headers, body: questionTo(chat.model, 'whole'), connections: CLOSED_CONNECTIONS };
    const cpuUs = cpuMeter(running.pids);
    const closed = await autocannon.load({ ...load, ms: closedMs });
    return { runs, closed: { ...closed, cpuUsPerCall: cpuUs(answersOf(closed)) } };
  } finally {
    await llm.pace(PACE);
  }
}

/** The same question again and again, on a schedule. */
export function chatCalls(
  chat: ChatEndpoint,
  form: AnswerForm,
  options: Pick<CallPlan, 'measureMs' | 'seed'> & Partial<CallPlan>,
): CallPlan {
  return {
    url: chat.url,
    headers: chat.headers,
    body: questionTo(chat.model, form),
    status: 200,
    ending: form === 'streamed' ? '[DONE]' : '}',
    perSecond: PER_SECOND,
    connections: CONNECTIONS,
    warmUpMs: WARM_UP_MS,
    isTimed: true,
    ...options,
  };
}

const TRANSCRIPT = 'Caller: my invoice of last month is wrong. Agent: let me look at that for you. '.repeat(12);

function questionTo(model: string, form: AnswerForm): string {
  return JSON.stringify({
    model,
    messages: [
      { role: 'system', content: 'You are given the transcript of a call. Say in one sentence what it was about.' },
      { role: 'user', content: TRANSCRIPT },
    ],
    max_tokens: 64,
    temperature: 0,
    ...(form === 'streamed' && { stream: true, stream_options: { include_usage: true } }),
  });
}

interface RunOptions {
  readonly calls: CallPlan;
  readonly toleranceMs: number;
}

export async function runChat(
  caller: Caller,
  { pids }: RunningContender,
  { calls, toleranceMs }: RunOptions,
): Promise<ChatRun> {
  const cpuUs = cpuMeter(pids);
  const called = await caller.call(calls);
  const cpuUsPerCall = cpuUs(called.callsInAll);
  const latenessMs = percentilesMs(called.lateness);
  return {
    ...called,
    firstByteMs: percentilesMs(called.firstByte),
    totalMs: percentilesMs(called.total),
    latenessMs,
    cpuUsPerCall,
    rssBytes: resourceUsage(pids)?.rssBytes,
    invalid:
      latenessMs.p99 > toleranceMs
        ? `the calls were late: p99 ${latenessMs.p99.toFixed(1)} ms`
        : called.answers < called.calls
          ? `${called.calls - called.answers} of ${called.calls} calls had no right answer`
          : undefined,
  };
}
