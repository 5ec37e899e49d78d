// Runs the streamed answers: 100 at once over HTTP and as chats of a page, chats that are cut and come back, and 1,000 at once.

import type { BenchContext, BenchSettings, ChatEndpoint, RunningContender } from '../../../bench.ts';
import { gatewayAt } from '../../../contenders/side-settings.ts';
import { startAll } from '../../../contenders/start-all.ts';
import { percentilesMs } from '../../../figures/histogram.ts';
import type { Rounds } from '../../../figures/rounds.ts';
import { type Readers, startReaders, startTokenEndpoint, type TokenEndpoint } from '../../../load/load-processes.ts';
import type { ReadPlan } from '../../../load/tokens/readers-process.ts';
import { levelPriorities } from '../../../machine/priority.ts';
import { cpuMeter } from '../../../machine/resource-usage.ts';
import {
  type LeftOut,
  MANY_PACE,
  MANY_READERS,
  MOST_PACE,
  MOST_READERS,
  type MostRun,
  STREAM_LOADS,
  type StreamLoad,
  type StreamRun,
  type StreamsData,
} from './data.ts';

/** Time over which the readers of a slice begin: that of an answer, so that questions come evenly. */
const RAMP_MS = 560;
const MEASURE_MS = 800;
/** Load of each contender before its first slice: code that is not compiled yet would cost more than what is measured. */
const COMPILE_MS = 1000;
const MOST_RAMP_MS = 2000;
const MOST_MEASURE_MS = 2000;
/** Others keep up with a load when so many of its answers came whole, half of the tokens in this time. */
const KEEPS_UP = { share: 0.9, ms: 250 };
const RESUMES = 10;
/** Tokens of an answer behind which its socket is cut. */
const CUT_AFTER = MANY_PACE.tokens / 2;

const PATHS: Readonly<Record<StreamLoad, string>> = {
  completions: '/v1/chat/completions',
  responses: '/v1/responses',
  'ui-chat': '/v1/ui/chat',
};

interface Bed {
  readonly endpoint: TokenEndpoint;
  readonly readers: Readers;
  readonly contenders: ReadonlyMap<string, RunningContender>;
  readonly leftOut: LeftOut[];
}

export function streamSeconds(settings: BenchSettings, contenders: number): number {
  const { rounds, mostRounds } = roundsOf(settings);
  const slices = 2 * Math.min(contenders, 5) + 1;
  const slice = 2 * RAMP_MS + MEASURE_MS;
  const most = 2 * mostRounds * (MOST_RAMP_MS + MOST_PACE.tokens * MOST_PACE.gapMs);
  return 10 + (slices * (COMPILE_MS + 2 * RAMP_MS + (rounds + 1) * slice) + most) / 1000;
}

const roundsOf = ({ isShort, rounds }: Pick<BenchSettings, 'isShort' | 'rounds'>) => ({
  rounds: rounds ?? (isShort ? 3 : 8),
  mostRounds: isShort ? 3 : 4,
});

/** `part`: that of the time of the whole bench. */
export async function runStreams(context: BenchContext, [from, to]: readonly [number, number]): Promise<StreamsData> {
  const bed = await makeBed(context);
  const { rounds, mostRounds } = roundsOf(context.settings);
  const half = (from + to) / 2;
  const able = await loadsOf(context, bed);
  const resumes: string[] = [];
  const loads = await context.rounds(
    { label: 'text, streamed', contenders: bed.contenders, rounds, part: [from, half] },
    async (running, { name, round }) => {
      const visit = await visitAll(bed, running, able.get(name) ?? []);
      if (name === 'trunkline' && visit.has('ui-chat') && round >= 0) resumes.push(await cutAndResume(bed, running));
      return visit;
    },
  );
  const most = await runMost(context, bed, { rounds: mostRounds, part: [half, to] });
  return { loads, most, resumes, leftOut: bed.leftOut };
}

async function makeBed(context: BenchContext): Promise<Bed> {
  const endpoint = context.own(await startTokenEndpoint({ pace: MANY_PACE }));
  const readers = context.own(startReaders());
  const ports = { providerPort: endpoint.port, llmPort: endpoint.port };
  const mock = { ...gatewayAt(endpoint.port), concurrency: 2 * MOST_READERS, settings: { responses: 'native' } };
  const contenders = await startAll(context, 'text', {
    contenders: context.contenders.filter(({ hasChat }) => hasChat),
    config: { gateways: { mock }, side: { processes: 1, requests: 4 * MOST_READERS } },
    ...ports,
  });
  levelPriorities({ load: [endpoint, readers], contenders });
  return { endpoint, readers, contenders, leftOut: [] };
}

/** The loads that each contender can do: the others are left out with the reason, and their time with them. */
async function loadsOf(context: BenchContext, bed: Bed): Promise<ReadonlyMap<string, readonly StreamLoad[]>> {
  const able = new Map<string, readonly StreamLoad[]>();
  for (const [name, running] of bed.contenders) {
    const loads: StreamLoad[] = [];
    for (const load of STREAM_LOADS) {
      // The endpoint and other gateways speak no protocol of pages.
      if (load === 'ui-chat' && !name.startsWith('trunkline')) continue;
      context.progress(`text, streamed, warm-up: ${name}, ${load}`, 0.2);
      const reason = await unable(bed, running, load);
      if (reason === undefined) loads.push(load);
      else bed.leftOut.push({ load, name, reason });
    }
    able.set(name, loads);
  }
  return able;
}

async function unable(bed: Bed, running: RunningContender, load: StreamLoad): Promise<string | undefined> {
  try {
    const { asked, answers, tokens, delayMs, faults } = await runSlice(bed, running, { load, measureMs: COMPILE_MS });
    const [fault] = Object.keys(faults);
    if (tokens === 0) return fault ?? 'no token came in time';
    if (answers < KEEPS_UP.share * asked) return `${asked - answers} of ${asked} answers did not come whole`;
    return delayMs.p50 > KEEPS_UP.ms ? `it does not keep up: tokens come ${delayMs.p50.toFixed(0)} ms late` : undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

async function visitAll(bed: Bed, running: RunningContender, loads: readonly StreamLoad[]) {
  const runs = new Map<StreamLoad, StreamRun>();
  for (const load of loads) runs.set(load, await runSlice(bed, running, { load, measureMs: MEASURE_MS }));
  return runs;
}

const runSlice = (
  bed: Bed,
  running: RunningContender,
  { load, measureMs }: { readonly load: StreamLoad; readonly measureMs: number },
): Promise<StreamRun> =>
  readAnswers(bed, running, {
    ...callOf(running.chat as ChatEndpoint, load),
    ...{ readers: MANY_READERS, rampMs: RAMP_MS, measureMs, tokens: MANY_PACE.tokens },
  });

/** Responses are stored, as they are unless a request says otherwise. */
function callOf({ url, headers, model }: ChatEndpoint, load: StreamLoad): Pick<ReadPlan, 'url' | 'headers' | 'body'> {
  const to = new URL(PATHS[load], url);
  if (load === 'ui-chat') return { url: to.href.replace('http', 'ws'), headers };
  const content = 'My invoice of last month is wrong. Say in one sentence what I can do. '.repeat(12);
  const body =
    load === 'responses'
      ? { model, input: content, max_output_tokens: 64, stream: true }
      : { model, messages: [{ role: 'user', content }], max_tokens: 64, stream: true };
  return { url: to.href, headers, body: JSON.stringify(body) };
}

async function readAnswers({ readers }: Bed, { pids }: RunningContender, plan: ReadPlan): Promise<StreamRun> {
  const cpuUs = cpuMeter(pids);
  const read = await readers.read(plan);
  const { asked, answers, tokens } = read;
  const missing = asked - answers;
  return {
    ...read,
    firstMs: percentilesMs(read.firsts),
    gapMs: percentilesMs(read.gaps),
    delayMs: percentilesMs(read.delays),
    // The tokens of the whole slice, of which the middle is measured.
    cpuUsPerToken: cpuUs(Math.max(1, read.tokensInAll)),
    invalid: missing > 0 || tokens === 0 ? `${missing} of ${asked} answers did not come whole` : undefined,
  };
}

const cutAndResume = ({ readers }: Bed, { chat }: RunningContender): Promise<string> => {
  const { url, headers } = callOf(chat as ChatEndpoint, 'ui-chat');
  return readers.resume({ url, headers, tokens: MANY_PACE.tokens, cutAfter: CUT_AFTER, count: RESUMES });
};

interface MostPlan {
  readonly rounds: number;
  readonly part: readonly [number, number];
}

/** 1,000 stored Responses at once, through one side process. */
async function runMost(context: BenchContext, bed: Bed, plan: MostPlan): Promise<Rounds<MostRun>> {
  const subjects = [...bed.contenders].filter(([name]) => ['direct', 'trunkline'].includes(name));
  await bed.endpoint.pace(MOST_PACE);
  return context.rounds(
    { ...plan, label: `text, ${MOST_READERS} streams`, contenders: new Map(subjects), warmUp: false },
    async (running) => {
      const times = { rampMs: MOST_RAMP_MS, measureMs: MOST_MEASURE_MS };
      const call = callOf(running.chat as ChatEndpoint, 'responses');
      await running.eventLoopDelay?.();
      const all = { ...call, ...times, readers: MOST_READERS, tokens: MOST_PACE.tokens, isOnce: true };
      const run = await readAnswers(bed, running, all);
      return { ...run, loopMs: (await running.eventLoopDelay?.())?.max };
    },
  );
}
