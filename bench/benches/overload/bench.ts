// Measures a gateway that is asked for more sessions than it has room for: what the calls feel that it has, how soon the others are refused, and
// whether it lets in as many as before. Its room is small by configuration, so that neither it nor the load is out of breath.

import type { Bench, BenchContext, BenchSettings, RunningContender } from '../../bench.ts';
import { GREET_MS, PATH } from '../../contenders/start-all.ts';
import { audioLoad, DIRECTIONS } from '../../load/audio-load.ts';
import { type LoadRun, runLoad } from '../../load/run.ts';
import { type Ends, startEnds } from '../../load/sessions.ts';
import { cpuMeter } from '../../machine/resource-usage.ts';
import { type RpcProcess, startRpcProcess } from '../../machine/rpc.ts';
import { FACTORS, type Factor, type FactorRun, type OverloadData } from './data.ts';
import type { CrowdMethods } from './process.ts';
import { describeOverload, overloadFigures } from './report.ts';

const SESSIONS = 50;
/** Places beside those of the calls, and the time that each session of the crowd keeps one: the room is that of 50 sessions a second. */
const [PLACES, HOLD_MS] = [10, 200];
const ROOM_PER_SECOND = (1000 * PLACES) / HOLD_MS;
const WARM_UP_MS = 300;

export const overload: Bench = {
  name: 'overload',
  description: 'calls beside a crowd that asks for three and five times as many sessions as there is room for',
  needs: 'trunkline',
  seconds: (settings) => {
    const { rounds, measureMs } = planOf(settings);
    return 4 + ((rounds + 1) * FACTORS.length * 2 * (WARM_UP_MS + measureMs + 60)) / 1000;
  },
  async run(context) {
    const data = await measureOverload(context);
    return { ...describeOverload(data), figures: overloadFigures(data, context.settings.seed) };
  },
};

function planOf({ isShort, rounds, seconds }: BenchSettings) {
  return { rounds: rounds ?? (isShort ? 4 : 10), measureMs: 1000 * (seconds ?? (isShort ? 1 : 2)) };
}

interface Bed extends Ends {
  readonly running: RunningContender;
  readonly crowd: RpcProcess<CrowdMethods>;
}

async function measureOverload(context: BenchContext): Promise<OverloadData> {
  const { rounds: count, measureMs } = planOf(context.settings);
  const crowd = context.own(startRpcProcess<CrowdMethods>(new URL('./process.ts', import.meta.url)));
  const ends = await startEnds(context, { greetAfterMs: GREET_MS });
  const config = { limits: { maxSessions: SESSIONS + PLACES } };
  const running = await context.start('trunkline', { providerPort: ends.provider.port, config });
  await ends.generator.open({ url: running.url(PATH), headers: running.headers, sessions: SESSIONS });
  await ends.provider.nameSessions('calls');
  const bed = { ...ends, running, crowd };
  const rounds: Map<Factor, FactorRun>[] = [];
  // The first round is thrown away: its code is not compiled yet.
  for (let round = -1; round < count; round += 1) {
    const runs = new Map<Factor, FactorRun>();
    for (const factor of round % 2 === 0 ? FACTORS : FACTORS.toReversed()) {
      context.progress(`overload: ${factor} times, round ${round + 1} of ${count}`, (round + 1) / (count + 1));
      runs.set(factor, await runFactor(bed, factor, { measureMs, toleranceMs: context.settings.toleranceMs }));
    }
    if (round >= 0) rounds.push(runs);
  }
  await ends.provider.nameSessions('crowd');
  return { rounds, ended: SESSIONS - (await ends.provider.sessions()) };
}

async function runFactor(
  { provider, generator, running, crowd }: Bed,
  factor: Factor,
  { measureMs, toleranceMs }: { readonly measureMs: number; readonly toleranceMs: number },
): Promise<FactorRun> {
  const { url, headers } = running;
  await crowd.begin({ url: url(PATH), headers, perSecond: factor * ROOM_PER_SECOND, holdMs: HOLD_MS });
  const beganAt = performance.now();
  const cpuUs = cpuMeter(running.pids);
  const calls: LoadRun[] = [];
  for (const direction of DIRECTIONS) {
    const [from, to] = direction === 'upstream' ? [generator, provider] : [provider, generator];
    const load = {
      ...audioLoad(direction, { warmUpMs: WARM_UP_MS, measureMs }),
      ...(direction === 'downstream' && { group: 'calls' }),
    };
    calls.push(await runLoad({ from, to, load, running, toleranceMs }));
  }
  const seconds = (performance.now() - beganAt) / 1000;
  const cores = cpuUs(1e6 * seconds);
  const seen = await crowd.end();
  while ((await provider.sessions()) > SESSIONS) await new Promise((resolve) => setTimeout(resolve, 20));
  return { calls, seen, seconds, cores };
}
