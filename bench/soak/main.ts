// The command line of a soak: a gateway under sessions that come, go and fail for a long time, and what is left of them afterwards.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { SIDE_CLASS, sideSettings } from '../contenders/side-settings.ts';
import { trunkline } from '../contenders/trunkline.ts';
import { randomFrom } from '../figures/statistics.ts';
import { startCallers } from './callers.ts';
import { startProvider } from './provider.ts';
import { reportSoak, type SoakLook } from './report.ts';
import { sampleHeld, sampleProcesses } from './samples.ts';

const USAGE = `npm run soak -- [--minutes 60] [--sessions 200] [--life-seconds 60] [--calls 4] [--processes 1] [--seed 1] [--json FILE]
`;
const LOOK_MS = 5000;
/** Time after the last session until what is left counts: timers of closes, of ids and of tasks run out meanwhile. */
const QUIET_MS = 30_000;
const WARM_UP_MS = 10_000;
const SECRET = 'secret-of-the-soak';

// A signal, too, ends what was started: by the 'exit' handler of processes.ts.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

const settings = readSettings();
if (settings === undefined) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else process.exitCode = await soak(settings);

function readSettings() {
  const options = Object.fromEntries(
    ['minutes', 'sessions', 'life-seconds', 'calls', 'processes', 'seed', 'json'].map((name) => [
      name,
      { type: 'string' as const },
    ]),
  );
  try {
    const { values } = parseArgs({ options });
    const number = (name: string, otherwise: number): number => Number(values[name] ?? otherwise);
    const read = {
      minutes: number('minutes', 60),
      sessions: number('sessions', 200),
      lifeSeconds: number('life-seconds', 60),
      calls: number('calls', 4),
      processes: number('processes', 1),
      seed: number('seed', 1),
    };
    return Object.values(read).every((value) => value > 0)
      ? { ...read, json: values.json as string | undefined }
      : undefined;
  } catch {
    return undefined;
  }
}

/** The exit code: 0 where nothing is left and nothing grows. */
async function soak({ minutes, sessions, calls, json, ...more }: NonNullable<typeof settings>): Promise<number> {
  const random = randomFrom(more.seed);
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-soak-'));
  const provider = await startProvider(random);
  const ports = { providerPort: provider.port, llmPort: provider.port };
  const gateway = await trunkline.start({ folder, ...ports, config: configWith(provider.port, more.processes) });
  const {
    admin = '',
    pids: [pid = 0],
  } = gateway;
  const look = async () => ({ held: await sampleHeld(admin), processes: sampleProcesses(pid) });
  const asked = { url: gateway.url(''), secret: SECRET, lifeMs: 1000 * more.lifeSeconds, callers: calls, random };
  // Pools and caches fill, and what is opened once is open, before anything counts.
  const first = startCallers({ ...asked, sessions: Math.min(10, sessions), lifeMs: 2000 });
  await delay(WARM_UP_MS);
  await first.stop();
  await delay(QUIET_MS);
  const before = await look();
  const callers = startCallers({ ...asked, sessions });
  const looks: SoakLook[] = [];
  const began = Date.now();
  while (Date.now() - began < 60_000 * minutes) {
    await delay(LOOK_MS);
    looks.push({ ...(await look()), at: Date.now() - began, counts: { ...callers.counts } });
    if (looks.length % 60 === 0) process.stderr.write(reportSoak({ before, looks }).text);
  }
  await callers.stop();
  await delay(QUIET_MS);
  const after = { ...(await look()), providerSockets: provider.open() };
  await gateway.stop();
  await provider.close();
  rmSync(folder, { recursive: true, force: true });
  const { text, isClean } = reportSoak({ before, looks, after });
  if (json !== undefined) writeFileSync(json, JSON.stringify({ settings, before, looks, after }));
  process.stdout.write(text);
  return isClean ? 0 : 1;
}

/** Everything is on that a session or a call may pass. Limits of time are shorter than by default, so that each of them is met often. */
function configWith(llmPort: number, processes: number) {
  const [task] = sideSettings(llmPort).tasks;
  return {
    processes,
    keys: [{ id: 'soak', secret: SECRET, class: SIDE_CLASS, maxSessions: 10_000 }],
    tasks: [{ ...task, when: 'end' }],
    transcripts: 'until-tasks-done',
    limits: { providerSilenceMs: 10_000, pingMs: 5000, stallMs: 5000, closeMs: 1000, usageMs: 2000 },
  };
}
