// Measures what each path adds: to an audio frame on the direct path, to a chat completion on the routed one, each against the
// same without a hop.

import type { BenchContext, Contender, RunningContender } from '../../bench.ts';
import { GREET_MS, PATH } from '../../contenders/start-all.ts';
import { median, pairedDifferences } from '../../figures/statistics.ts';
import type { Caller } from '../../load/http/caller.ts';
import type { MockLlm } from '../../load/llm/llm.ts';
import { runLoad } from '../../load/run.ts';
import { chatCalls, runChat } from '../side-hop/bench.ts';
import { type AddedTimes, verdictRounds } from './data.ts';

const SESSIONS = 20;
const APPEND = { frame: 'append', frameBytes: 2600, frameMs: 40, warmUpMs: 200, measureMs: 600 } as const;
const CALLS = { measureMs: 600, warmUpMs: 200, perSecond: 100 };

interface Times {
  readonly p50: number;
  readonly p99: number;
}

export async function addedByFrames(
  context: BenchContext,
  { direct, trunkline }: { readonly direct: Contender; readonly trunkline: Contender },
): Promise<AddedTimes> {
  const provider = await context.startProvider({ greetAfterMs: GREET_MS });
  const generator = await context.startGenerator();
  const { toleranceMs } = context.settings;
  const running = new Map<string, RunningContender>();
  for (const contender of [direct, trunkline]) {
    running.set(contender.name, await context.start(contender, { providerPort: provider.port }));
  }
  const plan = {
    label: 'route-verdict, audio',
    contenders: [direct, trunkline],
    rounds: verdictRounds(context.settings),
  };
  const rounds = await context.rounds({ ...plan, part: [0.7, 1] }, async ({ name }) => {
    const runningContender = running.get(name) as RunningContender;
    try {
      await generator.open({ url: runningContender.url(PATH), headers: runningContender.headers, sessions: SESSIONS });
      const run = await runLoad({
        from: generator,
        to: provider,
        load: APPEND,
        running: runningContender,
        toleranceMs,
      });
      return run.latencyMs;
    } finally {
      await generator.close();
      await provider.cleared();
    }
  });
  return addedTo(rounds, 'direct', 'trunkline');
}

/** Measures whole answers of the contract's endpoint, asked directly and through its class. */
export async function addedByCalls(
  context: BenchContext,
  {
    caller,
    contract,
    running,
  }: { readonly caller: Caller; readonly contract: MockLlm; readonly running: RunningContender },
): Promise<AddedTimes> {
  const url = `http://127.0.0.1:${contract.port}/v1/chat/completions`;
  const chats = {
    direct: { url, headers: {}, model: 'bench' },
    trunkline: {
      url: running.chat?.url ?? '',
      headers: { ...running.headers, 'x-trunkline-class': 'contract' },
      model: 'bench',
    },
  };
  const { seed, toleranceMs } = context.settings;
  const contenders = context.contenders.filter(({ name }) => Object.hasOwn(chats, name));
  const plan = { label: 'route-verdict, calls', contenders, rounds: verdictRounds(context.settings) };
  const rounds = await context.rounds({ ...plan, part: [0.45, 0.7] }, async ({ name }) => {
    const calls = chatCalls(chats[name as keyof typeof chats], 'whole', { ...CALLS, seed });
    const run = await runChat(caller, running, { calls, toleranceMs });
    if (run.answers < run.calls) throw new Error(run.invalid);
    return run.totalMs;
  });
  return addedTo(rounds, 'direct', 'trunkline');
}

function addedTo(rounds: ReadonlyMap<string, readonly (Times | undefined)[]>, base: string, own: string): AddedTimes {
  const of = (name: string, rank: keyof Times) => (rounds.get(name) ?? []).map((round) => round?.[rank]);
  const added = (rank: keyof Times) => pairedDifferences(of(own, rank), of(base, rank));
  return { p50: median(added('p50')), p99: median(added('p99')), rounds: added('p50').length };
}
