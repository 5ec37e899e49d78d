// Measures what a chat completion pays for going through the side path, policy, budget and ledger included: direct and through
// every gateway.

import { availableParallelism } from 'node:os';
import type { Bench, BenchContext, BenchSettings, ChatEndpoint, RunningContender } from '../../bench.ts';
import { startAll } from '../../contenders/start-all.ts';
import { percentilesMs } from '../../figures/histogram.ts';
import type { Rounds } from '../../figures/rounds.ts';
import type { CallPlan } from '../../load/http/caller-process.ts';
import { type Caller, type MockLlm, startCaller, startMockLlm } from '../../load/load-processes.ts';
import { levelPriorities } from '../../machine/priority.ts';
import { cpuMeter, resourceUsage } from '../../machine/resource-usage.ts';
import { type RpcProcess, startRpcProcess } from '../../machine/rpc.ts';
import { answersOf } from '../http/data.ts';
import type { AutocannonMethods } from '../http/process.ts';
import {
  type AnswerForm,
  CHAT_LOADS,
  type ChatLoad,
  type ChatRun,
  CLOSED_CONNECTIONS,
  type ClosedRun,
  type LeftOut,
  type ManyCalls,
  STREAMED_PACE,
  WHOLE_PACE,
} from './data.ts';
import { sideHopFigures } from './figures.ts';
import { ledgerAfter } from './ledger.ts';
import { describeSideHop } from './report.ts';

/** Connections of the open loop: more than a schedule of this rate needs. */
const CONNECTIONS = 64;
/** Time of a slice that is thrown away. */
const LEAD_MS = 50;
const SLICE_MS = 160;
/** A slice of a slow schedule is longer, or its median would be that of eight calls. */
const FEWEST_CALLS = 16;
/** Calls in a closed loop of each contender before its first slice: V8 compiles a function for good after some thousand calls. */
const COMPILE_MS = 2500;
/** Load of each contender before its first slice of each kind. */
const WARM_UP_MS = 500;
/** Calls a second that two side processes must carry without an error, by the cores of the machine. */
const MANY = { processes: 2, perSecond: availableParallelism() < 4 ? 1000 : 2000 };
/** Others keep up with a load when so many of its calls have a right answer, half of them in this time. */
const KEEPS_UP = { share: 0.9, ms: 250 };
/** Time between two slices, in which the last answers come. */
const PAUSE_MS = 60;

export const sideHop: Bench = {
  name: 'side-hop',
  description: 'a chat completion through the side path: time to the first byte, total, CPU, throughput',
  seconds({ seconds, ...settings }, contenders) {
    const { rounds, closedRounds, closedMs } = planOf(settings);
    const slices = CHAT_LOADS.reduce((ms, load) => ms + LEAD_MS + sliceMs(load, seconds) + PAUSE_MS, 0);
    const visitMs =
      2 * COMPILE_MS + CHAT_LOADS.length * WARM_UP_MS + (rounds + 1) * slices + (closedRounds + 1) * (closedMs + 100);
    return 8 + contenders + (Math.min(Math.max(contenders - 2, 1), 5) * visitMs) / 1000;
  },
  async run(context) {
    const { seed } = context.settings;
    const bed = await makeBed(context);
    await compile(context, bed);
    const loads = new Map<string, Rounds<ChatRun>>();
    for (const load of CHAT_LOADS) loads.set(load.name, await sliceLoad(context, bed, load));
    const closed = await closedLoop(context, bed);
    const { leftOut } = bed;
    const data = { loads, closed, leftOut, many: await manyCalls(context, bed) };
    const judging = { ledger: await ledgerAfter(bed.contenders.get('trunkline'), bed.answers), seed };
    return { ...describeSideHop(data, judging), figures: sideHopFigures(data, judging) };
  },
};

function planOf({ isShort, rounds }: Pick<BenchSettings, 'isShort' | 'rounds'>) {
  return { rounds: rounds ?? (isShort ? 10 : 40), closedRounds: isShort ? 2 : 6, closedMs: isShort ? 500 : 1000 };
}

const sliceMs = ({ perSecond }: ChatLoad, seconds: number | undefined): number =>
  Math.max(seconds === undefined ? SLICE_MS : 1000 * seconds, (1000 * FEWEST_CALLS) / perSecond);

interface Bed {
  readonly llm: MockLlm;
  readonly caller: Caller;
  readonly autocannon: RpcProcess<AutocannonMethods>;
  readonly contenders: ReadonlyMap<string, RunningContender>;
  /** Calls that trunkline answered, in the rounds that do not count as well. */
  answers: number;
  readonly leftOut: LeftOut[];
}

async function makeBed(context: BenchContext): Promise<Bed> {
  const llm = context.own(await startMockLlm({ pace: WHOLE_PACE, models: ['bench'] }));
  const caller = context.own(startCaller());
  const module = new URL('../http/process.ts', import.meta.url);
  const autocannon = context.own(startRpcProcess<AutocannonMethods>(module));
  const routing = context.contenders.filter(({ hasChat }) => hasChat);
  const ports = { providerPort: llm.port, llmPort: llm.port };
  const contenders = await startAll(context, 'side-hop', { contenders: routing, ...ports });
  levelPriorities({ load: [llm, caller, autocannon], contenders });
  return { llm, caller, autocannon, contenders, answers: 0, leftOut: [] };
}

/** Code that is not compiled yet would cost more than what is measured. */
async function compile(context: BenchContext, bed: Bed): Promise<void> {
  await bed.llm.pace(WHOLE_PACE);
  const plan = {
    label: 'side-hop, warm-up',
    contenders: bed.contenders,
    rounds: 1,
    warmUp: false,
    part: [0, 0],
  } as const;
  for (const form of ['whole', 'streamed'] as const)
    await context.rounds(plan, (running, { name }) => loop(bed, running, { name, form, ms: COMPILE_MS }));
}

/**
 * Others that cannot do the load, or do not keep up with it, are left out: the answers that they still owe would come in the slices of
 * those after them.
 */
async function sliceLoad(context: BenchContext, bed: Bed, load: ChatLoad): Promise<Rounds<ChatRun>> {
  const { rounds, seconds, seed, toleranceMs, isShort } = context.settings;
  const { llm, caller, contenders } = bed;
  await llm.pace(load.form === 'whole' ? WHOLE_PACE : STREAMED_PACE);
  const times = { warmUpMs: LEAD_MS, seed, perSecond: load.perSecond, keepsConnections: true };
  const turn = (measureMs: number) => async (running: RunningContender, name: string) => {
    const calls = chatCalls(running.chat as ChatEndpoint, load.form, { ...times, measureMs });
    const run = await runChat(caller, running, { calls, toleranceMs });
    if (name === 'trunkline') bed.answers += run.callsInAll - run.calls + run.answers;
    return run;
  };
  const [warmUp, slice] = [turn(WARM_UP_MS), turn(sliceMs(load, seconds))];
  const label = `side-hop, ${load.name}`;
  const at = CHAT_LOADS.indexOf(load) / CHAT_LOADS.length;
  const part = [0.8 * at, 0.8 * (at + 1 / CHAT_LOADS.length)] as const;
  const first = { label, contenders, part: [part[0], part[0]] as const, rounds: 1, warmUp: false };
  const warm = await context.rounds(first, (running, { name }) => warmUp(running, name));
  const unable = new Map([...contenders.keys()].flatMap((name) => unableIn(name, warm.get(name)?.[0])));
  bed.leftOut.push(...[...unable].map(([name, reason]) => ({ load: load.name, name, reason })));
  const able = new Map([...contenders].filter(([name]) => !unable.has(name)));
  const plan = { label, contenders: able, part, rounds: planOf({ rounds, isShort }).rounds };
  return context.rounds(plan, (running, { name }) => slice(running, name));
}

/** The contender with the reason why it is left out; nothing where it can do the load. */
function unableIn(name: string, run: ChatRun | undefined): [string, string][] {
  const isOther = !name.startsWith('trunkline') && !name.startsWith('direct');
  if (!isOther || run === undefined) return [];
  const { calls, answers, statuses, totalMs } = run;
  const seen = Object.keys(statuses).map((status) => (status === '0' ? 'nothing' : status));
  if (answers === 0) return [[name, `it answers ${seen.join(' or ')} to each of ${calls} calls`]];
  if (answers < KEEPS_UP.share * calls) return [[name, `${calls - answers} of ${calls} calls had no right answer`]];
  return totalMs.p50 > KEEPS_UP.ms ? [[name, `it does not keep up: p50 ${totalMs.p50.toFixed(0)} ms`]] : [];
}

async function closedLoop(context: BenchContext, bed: Bed): Promise<Rounds<ClosedRun>> {
  const { closedMs, closedRounds } = planOf(context.settings);
  await bed.llm.pace(WHOLE_PACE);
  const plan = {
    label: 'side-hop, closed loop',
    contenders: bed.contenders,
    rounds: closedRounds,
    part: [0.8, 0.95],
  } as const;
  return context.rounds(plan, (running, { name }) => loop(bed, running, { name, form: 'whole', ms: closedMs }));
}

interface Loop {
  readonly name: string;
  readonly form: AnswerForm;
  readonly ms: number;
}

/** Makes as many calls as there can be on a few connections. */
async function loop(bed: Bed, { chat, pids }: RunningContender, { name, form, ms }: Loop): Promise<ClosedRun> {
  const { url, headers, model } = chat as ChatEndpoint;
  const json = { ...headers, 'content-type': 'application/json' };
  const load = { url, headers: json, body: questionTo(model, form), connections: CLOSED_CONNECTIONS };
  const cpuUs = cpuMeter(pids);
  const closed = await bed.autocannon.load({ ...load, ms });
  if (name === 'trunkline') bed.answers += answersOf(closed);
  return { ...closed, cpuUsPerCall: cpuUs(answersOf(closed)) };
}

/** A load that one process could not carry, on a gateway of its own: every call counts, and every one must have its row. */
async function manyCalls(context: BenchContext, { llm, caller }: Bed): Promise<ManyCalls | string> {
  const missing = context.absent.get('trunkline');
  if (missing !== undefined) return `trunkline: ${missing}`;
  const { seed, isShort } = context.settings;
  const { processes, perSecond } = MANY;
  context.progress(`side-hop, ${perSecond} calls a second`, 0.95);
  const options = { providerPort: llm.port, llmPort: llm.port, config: { side: { processes } } };
  try {
    const running = await context.start('trunkline', options);
    const times = { warmUpMs: LEAD_MS, seed, keepsConnections: true, connections: 2 * CONNECTIONS };
    const callsAt = (rate: number, measureMs: number) =>
      chatCalls(running.chat as ChatEndpoint, 'whole', { ...times, perSecond: rate, measureMs });
    const visit = (calls: CallPlan) => runChat(caller, running, { calls, toleranceMs: Infinity });
    await visit(callsAt(perSecond / 4, COMPILE_MS));
    const run = await visit(callsAt(perSecond, isShort ? 3000 : 10_000));
    await running.stop();
    return { perSecond, processes, run };
  } catch (error) {
    const [line = ''] = (error as Error).message.split('\n');
    // The file is gone when somebody reads this.
    return line.replace(/\S*\/config\.yaml\S* /, '').replace(/, expected one of .*/, '');
  }
}

/** The same question again and again, on a schedule. */
export function chatCalls(
  chat: ChatEndpoint,
  form: AnswerForm,
  options: Pick<CallPlan, 'measureMs' | 'perSecond' | 'seed'> & Partial<CallPlan>,
): CallPlan {
  return {
    url: chat.url,
    headers: chat.headers,
    body: questionTo(chat.model, form),
    status: 200,
    ending: form === 'streamed' ? '[DONE]' : '}',
    connections: CONNECTIONS,
    warmUpMs: 250,
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
