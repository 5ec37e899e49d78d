// Spoken turns against the rehearsal provider: how soon an answer is heard, and how soon a reply that is spoken into stops.
// All contenders at once, their sessions taking turns: speech takes its time, so rounds one after the other would take hours.

import type { RehearsalOptions } from '../../../server/config/rehearsal/rehearsal-schema.ts';
import { entry } from '../../../server/platform/entry.ts';
import type { Bench, BenchContext } from '../../bench.ts';
import { PATH, startAll } from '../../contenders/start-all.ts';
import { startRpcProcess } from '../../machine/rpc.ts';
import type { CallerTrace, MeasuredTurn } from './data.ts';
import type { TalkMethods, TalkPlan } from './process.ts';
import { describeTurns } from './report.ts';
import { TURN_MS, writeScript } from './script.ts';
import { timesOf } from './times.ts';

/** Contenders that forward what they are given. */
const FORWARDING = ['direct', 'trunkline', 'haproxy', 'nginx', 'ws-relay', 'direct-again'];
/** A delta of 40 ms every 20 ms, so that there is always one on its way to become stale. */
const REHEARSAL: RehearsalOptions = { times: { firstAudioMs: 100, audioSpeed: 2, audioChunkMs: 40 } };

export const turn: Bench = {
  name: 'turn',
  description: 'speech stopped to first audio, and speech started to silence, with the rehearsal provider',
  seconds: (settings) => 4 + ((planOf(settings).turns + 1) * TURN_MS) / 1000,
  async run(context) {
    const { sessions, turns } = planOf(context.settings);
    const script = await writeScript(turns);
    const targets = await startTargets(context, await startRehearsal(context));
    const traces = await talk(context, { targets, sessions, script });
    const { data, faults } = readAll(traces, (trace) => timesOf(trace, script));
    const result = describeTurns(data, context);
    return { ...result, notes: [...faults, ...result.notes] };
  },
};

/** The first turn warms up. */
function planOf({ isShort, sessions, rounds }: BenchContext['settings']) {
  return { sessions: sessions?.[0] ?? 8, turns: 1 + (rounds ?? (isShort ? 10 : 40)) };
}

/** Gives the port of the rehearsal provider, in a process of its own as the gateway would start it. */
async function startRehearsal(context: BenchContext): Promise<number> {
  const rehearsal = startRpcProcess<{ start(options: RehearsalOptions): string }>(entry('rehearsal/process'));
  return Number(new URL(await context.own(rehearsal).start(REHEARSAL)).port);
}

async function startTargets(context: BenchContext, providerPort: number): Promise<TalkPlan['targets']> {
  const contenders = context.contenders.filter(({ name }) => FORWARDING.includes(name));
  const running = await startAll(context, 'turn', { contenders, providerPort });
  return [...running].map(([name, { url, headers }]) => ({ name, url: url(PATH), headers }));
}

async function talk(context: BenchContext, plan: TalkPlan): Promise<CallerTrace[]> {
  const callers = context.own(startRpcProcess<TalkMethods>(new URL('./process.ts', import.meta.url)));
  const turns = plan.script.started.length;
  const from = performance.now();
  const ticking = setInterval(() => {
    const done = Math.min(turns, (performance.now() - from) / TURN_MS);
    context.progress(`turn: ${Math.floor(done)} of ${turns}`, done / (turns + 1));
  }, 1000);
  return callers.talk(plan).finally(() => clearInterval(ticking));
}

/** A session that did not go as written is left out, and said. */
function readAll(traces: readonly CallerTrace[], read: (trace: CallerTrace) => MeasuredTurn[]) {
  const data = new Map<string, MeasuredTurn[][]>();
  const faults: string[] = [];
  for (const trace of traces) {
    const sessions = data.get(trace.contender) ?? [];
    data.set(trace.contender, sessions);
    try {
      sessions.push(read(trace));
    } catch (error) {
      faults.push(`${trace.contender}: a session is left out: ${(error as Error).message}`);
    }
  }
  return { data, faults };
}
