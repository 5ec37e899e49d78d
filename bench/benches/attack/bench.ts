// Measures what honest calls feel of clients that attack the gateway: with pings, with fragments, and by hardly reading.

import { constants, setPriority } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Direction } from '../../../codecs/websocket/frame.ts';
import type { Bench, BenchContext, BenchSettings, RunningContender } from '../../bench.ts';
import { GREET_MS, PATH } from '../../contenders/start-all.ts';
import { audioLoad, DIRECTIONS } from '../../load/audio-load.ts';
import { type LoadRun, runLoad } from '../../load/run.ts';
import { type Ends, startEnds } from '../../load/sessions.ts';
import { cpuMeter } from '../../machine/resource-usage.ts';
import { type RpcProcess, startRpcProcess } from '../../machine/rpc.ts';
import type { AttackData, AttackRun, PhaseRun } from './data.ts';
import { attackFigures } from './figures.ts';
import type { AttackMethods } from './process.ts';
import { describeAttack } from './report.ts';

const SESSIONS = 50;
const SUBJECTS = ['trunkline', 'trunkline-before'];
const WARM_UP_MS = 200;
/** An attack is on for so long before anything counts: queues fill first. */
const ONSET_MS = 500;
/** The gateway forgets the attackers. */
const REST_MS = 500;
/** A gateway that is held up for seconds is measured, not called invalid. */
const DRAIN_MS = 20_000;
const ATTACK_PATH = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent';

export const attack: Bench = {
  name: 'attack',
  description: 'honest calls beside clients that send floods of tiny frames, or hardly read',
  needs: 'trunkline',
  seconds: (settings) => {
    const { rounds, measureMs } = planOf(settings);
    return 3 + ((rounds + 1) * (4 * (WARM_UP_MS + measureMs + 60) + ONSET_MS + 400)) / 1000;
  },
  async run(context) {
    const { seed } = context.settings;
    const sessions = context.settings.sessions?.[0] ?? SESSIONS;
    const data = await measureAttacks(context, sessions);
    return { ...describeAttack(data, { sessions, seed }), figures: attackFigures(data, seed) };
  },
};

function planOf({ isShort, rounds, seconds }: BenchSettings) {
  return { rounds: rounds ?? (isShort ? 6 : 10), measureMs: 1000 * (seconds ?? (isShort ? 0.8 : 1.5)) };
}

/** The open sessions of one contender: honest calls. */
interface Bed extends Ends {
  readonly running: RunningContender;
  readonly attackers: RpcProcess<AttackMethods>;
  readonly sessions: number;
}

async function measureAttacks(context: BenchContext, sessions: number): Promise<AttackData> {
  const attackers = context.own(startRpcProcess<AttackMethods>(new URL('./process.ts', import.meta.url)));
  // Attackers run elsewhere.
  setPriority(attackers.pid, constants.priority.PRIORITY_LOW);
  const beds = new Map<string, Bed>();
  const subjects = context.contenders.filter(({ name }) => SUBJECTS.includes(name));
  for (const { name } of subjects) beds.set(name, await makeBed(context, name, { attackers, sessions }));
  const { rounds, measureMs } = planOf(context.settings);
  const runs = await context.rounds({ label: 'attack', contenders: beds, rounds }, (bed) => runRound(bed, measureMs));
  const ended = [...beds].map(async ([name, bed]) => [name, sessions - (await bed.provider.sessions())] as const);
  return { runs, ended: new Map(await Promise.all(ended)) };
}

async function makeBed(
  context: BenchContext,
  name: string,
  { attackers, sessions }: Pick<Bed, 'attackers' | 'sessions'>,
): Promise<Bed> {
  context.progress(`attack: opening sessions of ${name}`, 0);
  const ends = await startEnds(context, { greetAfterMs: GREET_MS });
  const gemini = { baseUrl: `ws://127.0.0.1:${await attackers.listeningPort()}`, apiKey: 'bench', allowPrivate: true };
  const running = await context.start(name, { providerPort: ends.provider.port, config: { providers: { gemini } } });
  const { headers } = running;
  await ends.generator.open({ url: running.url(PATH), headers, sessions });
  return { ...ends, running, attackers, sessions };
}

async function runRound(bed: Bed, measureMs: number): Promise<AttackRun> {
  const { attackers, running, sessions } = bed;
  const quiet = await runPhase(bed, measureMs);
  await attackers.begin({ url: running.url(ATTACK_PATH), headers: running.headers, sessions });
  const startedMs = performance.now();
  await delay(ONSET_MS);
  const attack = await runPhase(bed, measureMs);
  const seconds = (performance.now() - startedMs) / 1000;
  const seen = await attackers.end();
  await delay(REST_MS);
  return { quiet, attack, seconds, seen };
}

async function runPhase({ provider, generator, running, attackers }: Bed, measureMs: number): Promise<PhaseRun> {
  await running.eventLoopDelay?.();
  const startedMs = performance.now();
  const [gatewayUs, attackerUs] = [cpuMeter(running.pids), cpuMeter([attackers.pid])];
  const honest = new Map<Direction, LoadRun>();
  for (const direction of DIRECTIONS) {
    const [from, to] = direction === 'upstream' ? [generator, provider] : [provider, generator];
    const load = audioLoad(direction, { warmUpMs: WARM_UP_MS, measureMs });
    honest.set(direction, await runLoad({ from, to, load, running, toleranceMs: Infinity, drainMs: DRAIN_MS }));
  }
  const elapsedUs = (performance.now() - startedMs) * 1000;
  const cores = { gatewayCores: gatewayUs(elapsedUs), attackerCores: attackerUs(elapsedUs) };
  return { honest, ...cores, loopLagMs: (await running.eventLoopDelay?.())?.max };
}
