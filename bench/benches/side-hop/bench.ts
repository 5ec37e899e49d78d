// Measures what a chat completion pays for going through the side path, policy, budget and ledger included: direct and through
// every gateway.

import type { Bench, BenchContext, BenchSettings, ChatEndpoint, RunningContender } from '../../bench.ts';
import { startAll } from '../../contenders/start-all.ts';
import { percentilesMs } from '../../figures/histogram.ts';
import { type Caller, type CallPlan, startCaller } from '../../load/http/caller.ts';
import { type LlmPace, type MockLlm, startMockLlm } from '../../load/llm/llm.ts';
import { resourceUsage } from '../../machine/resource-usage.ts';
import { type RpcProcess, startRpcProcess } from '../../machine/rpc.ts';
import { answersOf, type HttpRun } from '../http/data.ts';
import {
  ANSWER_FORMS,
  type AnswerForm,
  type ChatRun,
  CLOSED_CONNECTIONS,
  type ClosedRun,
  PACE,
  PER_SECOND,
  type SideVisit,
} from './data.ts';
import { sideHopFigures } from './figures.ts';
import { ledgerAfter } from './ledger.ts';
import { describeSideHop } from './report.ts';

const AT_ONCE: LlmPace = { thinkMs: 0, tokens: 1, gapMs: 0 };
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
    const llm = await startMockLlm({ pace: PACE, models: ['bench'] });
    context.onEnd(llm.stop);
    const [caller, autocannonProcess] = [
      startCaller(),
      startRpcProcess(new URL('../http/process.ts', import.meta.url)),
    ];
    context.onEnd(caller.stop);
    context.onEnd(autocannonProcess.stop);
    const routing = context.contenders.filter(({ hasChat }) => hasChat);
    const [providerPort, llmPort] = [llm.port, llm.port];
    const running = await startAll(context, 'side-hop', { contenders: routing, providerPort, llmPort });
    const contenders = routing.filter(({ name }) => running.get(name)?.chat !== undefined);
    const { rounds } = planOf(context.settings);
    const visits: SideVisit[] = [];
    const data = await context.rounds({ label: 'side-hop', contenders, rounds }, async ({ name }) => {
      const made = await visit({
        context,
        llm,
        caller,
        autocannonProcess,
        running: running.get(name) as RunningContender,
      });
      if (name === 'trunkline') visits.push(made);
      return made;
    });
    const ledger = await ledgerAfter(running.get('trunkline'), visits);
    const figures = sideHopFigures(data, { ledger, seed: context.settings.seed });
    return { ...describeSideHop(data, { ledger, seed: context.settings.seed }), figures };
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
  readonly context: BenchContext;
  readonly llm: MockLlm;
  readonly caller: Caller;
  readonly autocannonProcess: RpcProcess;
  readonly running: RunningContender;
}

async function visit({ context, llm, caller, autocannonProcess, running }: Parts): Promise<SideVisit> {
  const { settings } = context;
  const { runMs, closedMs } = planOf(settings);
  const chat = running.chat as ChatEndpoint;
  const runs = new Map<AnswerForm, ChatRun>();
  for (const form of ANSWER_FORMS) {
    const calls = chatCalls(chat, form, { measureMs: runMs, seed: settings.seed });
    const first = await runChat(caller, running, { calls, toleranceMs: settings.toleranceMs });
    const again = first.invalid !== undefined;
    runs.set(form, again ? await runChat(caller, running, { calls, toleranceMs: settings.toleranceMs }) : first);
  }
  await llm.pace(AT_ONCE);
  try {
    return { runs, closed: await closedLoop(autocannonProcess, running, closedMs) };
  } finally {
    await llm.pace(PACE);
  }
}

interface ChatOptions {
  readonly measureMs: number;
  readonly seed: number;
  readonly warmUpMs?: number;
  readonly perSecond?: number;
  readonly isTimed?: boolean;
}

/** The same question again and again, on a schedule. */
export function chatCalls(chat: ChatEndpoint, form: AnswerForm, options: ChatOptions): CallPlan {
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
  const before = resourceUsage(pids);
  const called = await caller.call(calls);
  const after = resourceUsage(pids);
  const latenessMs = percentilesMs(called.lateness);
  return {
    ...called,
    firstByteMs: percentilesMs(called.firstByte),
    totalMs: percentilesMs(called.total),
    latenessMs,
    cpuUsPerCall: before && after && (after.cpuNs - before.cpuNs) / 1000 / called.callsInAll,
    rssBytes: after?.rssBytes,
    invalid:
      latenessMs.p99 > toleranceMs
        ? `the calls were late: p99 ${latenessMs.p99.toFixed(1)} ms`
        : called.answers < called.calls
          ? `${called.calls - called.answers} of ${called.calls} calls had no right answer`
          : undefined,
  };
}

async function closedLoop(
  autocannonProcess: RpcProcess,
  { chat, pids }: RunningContender,
  ms: number,
): Promise<ClosedRun> {
  const { url, headers, model } = chat as ChatEndpoint;
  const body = questionTo(model, 'whole');
  const asked = {
    url,
    headers: { ...headers, 'content-type': 'application/json' },
    body,
    connections: CLOSED_CONNECTIONS,
  };
  const before = resourceUsage(pids);
  const run = await autocannonProcess.call<HttpRun>('load', { ...asked, ms });
  const after = resourceUsage(pids);
  const answers = answersOf(run);
  return { ...run, cpuUsPerCall: before && after && (after.cpuNs - before.cpuNs) / 1000 / answers };
}
