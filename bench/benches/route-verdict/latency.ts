// Measures what each path adds: to an audio frame on the direct path, to a chat completion on the routed one, each against the
// same without a hop.

import type { BenchContext, BenchSettings, ChatEndpoint, RunningContender } from '../../bench.ts';
import { chatAt } from '../../contenders/server.ts';
import { GREET_MS } from '../../contenders/start-all.ts';
import type { Percentiles } from '../../figures/histogram.ts';
import { addedRounds, mapRounds, type Rounds } from '../../figures/rounds.ts';
import { median } from '../../figures/statistics.ts';
import { type MockLlm, startCaller } from '../../load/load-processes.ts';
import { runLoad } from '../../load/run.ts';
import { startEnds, withSessions } from '../../load/sessions.ts';
import { chatCalls, runChat } from '../side-hop/bench.ts';

const SESSIONS = 20;
const APPEND = { frame: 'append', frameBytes: 2600, frameMs: 40, warmUpMs: 200, measureMs: 600 } as const;
const CALLS = { measureMs: 600, warmUpMs: 200, perSecond: 100 };

export const verdictRounds = ({ isShort, rounds }: BenchSettings): number => rounds ?? (isShort ? 2 : 6);

/** Milliseconds, medians of rounds. */
export type AddedTimes = Readonly<Record<'p50' | 'p99', number>>;

export async function addedByFrames(context: BenchContext): Promise<AddedTimes> {
  const ends = await startEnds(context, { greetAfterMs: GREET_MS });
  const { toleranceMs } = context.settings;
  const contenders = new Map<string, RunningContender>();
  for (const name of ['direct', 'trunkline'])
    contenders.set(name, await context.start(name, { providerPort: ends.provider.port }));
  const plan = {
    label: 'route-verdict, audio',
    contenders,
    rounds: verdictRounds(context.settings),
    part: [0.7, 1],
  } as const;
  const rounds = await context.rounds(plan, (running) =>
    withSessions(ends, running, async (open) => {
      await open(SESSIONS);
      const { generator, provider } = ends;
      return (await runLoad({ from: generator, to: provider, load: APPEND, running, toleranceMs })).latencyMs;
    }),
  );
  return addedTo(rounds);
}

/** Measures whole answers of the contract's endpoint, asked directly and through its class. */
export async function addedByCalls(
  context: BenchContext,
  contract: MockLlm,
  running: RunningContender,
): Promise<AddedTimes> {
  const caller = context.own(startCaller());
  const headers = { ...running.headers, 'x-trunkline-class': 'contract' };
  const contenders = new Map([
    ['direct', chatAt(contract.port, {})],
    ['trunkline', { ...(running.chat as ChatEndpoint), headers }],
  ]);
  const { seed, toleranceMs } = context.settings;
  const plan = {
    label: 'route-verdict, calls',
    contenders,
    rounds: verdictRounds(context.settings),
    part: [0.45, 0.7],
  } as const;
  const rounds = await context.rounds(plan, async (chat) => {
    const run = await runChat(caller, running, { calls: chatCalls(chat, 'whole', { ...CALLS, seed }), toleranceMs });
    if (run.answers < run.calls) throw new Error(run.invalid);
    return run.totalMs;
  });
  return addedTo(rounds);
}

function addedTo(times: Rounds<Percentiles>): AddedTimes {
  const added = (rank: 'p50' | 'p99') =>
    addedRounds(
      mapRounds(times, (ms) => ms[rank]),
      'trunkline',
    );
  return { p50: median(added('p50')), p99: median(added('p99')) };
}
