// Measures plain HTTP: the admin listener and the public one, loaded by autocannon, with sessions open beside it.

import type { Bench, BenchContext, RunningContender } from '../../bench.ts';
import { PATH } from '../../contenders/start-all.ts';
import { startEnds, withSessions } from '../../load/sessions.ts';
import { cpuMeter } from '../../machine/resource-usage.ts';
import { startRpcProcess } from '../../machine/rpc.ts';
import { answersOf, type EndpointRun, HTTP_CONNECTIONS, HTTP_SESSIONS, type HttpEndpoint } from './data.ts';
import type { AutocannonMethods } from './process.ts';
import { describeHttp } from './report.ts';

const WARM_UP_MS = 200;

interface Target extends HttpEndpoint {
  readonly url: string;
}

export const http: Bench = {
  name: 'http',
  description: 'requests per second and latency of the admin and the public HTTP endpoints',
  needs: 'trunkline',
  seconds: (settings) => {
    const { rounds, ms } = planOf(settings);
    return 3 + (9 * (WARM_UP_MS + rounds * (ms + 60))) / 1000;
  },
  async run(context) {
    const ends = await startEnds(context);
    const running = await context.start('trunkline', { providerPort: ends.provider.port });
    return withSessions(ends, running, async (open) => {
      await open(HTTP_SESSIONS);
      const { targets, missing } = await answering(await targetsOf(running), running);
      return describeHttp(targets, await takeTurns(context, running, targets), missing);
    });
  },
};

function planOf({ isShort, rounds, seconds }: BenchContext['settings']) {
  return { rounds: rounds ?? (isShort ? 2 : 5), ms: 1000 * (seconds ?? (isShort ? 0.6 : 2)) };
}

async function targetsOf({ admin, url }: RunningContender): Promise<Target[]> {
  const { sessions } = (await (await fetch(`${admin}/sessions`)).json()) as { sessions: { id: string }[] };
  const at = (base: string, id: string, path: string, status: number): Target => {
    const title = `${id.startsWith('admin') ? 'admin' : 'public'} ${path.replace(sessions[0]?.id ?? '', '{id}')}`;
    return { id, title, url: base + path, status };
  };
  const open = url('').replace(/^ws/, 'http');
  return [
    at(`${admin}`, 'admin_healthz', '/healthz', 200),
    at(`${admin}`, 'admin_readyz', '/readyz', 200),
    at(`${admin}`, 'admin_metrics', '/metrics', 200),
    at(`${admin}`, 'admin_sessions', '/sessions', 200),
    at(open, 'console_page', '/', 200),
    at(open, 'console_json', '/console.json', 200),
    at(open, 'session', `/v1/sessions/${sessions[0]?.id}`, 200),
    at(open, 'upgrade_expected', PATH, 426),
    at(open, 'unknown_path', '/nowhere', 404),
  ];
}

/** The console's page is there only when it was built. */
async function answering(targets: readonly Target[], { headers }: RunningContender) {
  const found = await Promise.all(
    targets.map(async (target) => {
      const { status } = await fetch(target.url, { headers });
      return { target, status };
    }),
  );
  const isThere = ({ target, status }: (typeof found)[number]) => target.status === status;
  return {
    targets: found.filter(isThere).map(({ target }) => target),
    missing: found
      .filter((value) => !isThere(value))
      .map(({ target, status }) => `${target.title}: left out, it answers ${status}, not ${target.status}`),
  };
}

async function takeTurns(context: BenchContext, running: RunningContender, targets: readonly Target[]) {
  const module = new URL('./process.ts', import.meta.url);
  const autocannon = context.own(startRpcProcess<AutocannonMethods>(module));
  const { rounds, ms } = planOf(context.settings);
  const common = { headers: running.headers, connections: HTTP_CONNECTIONS };
  for (const { url } of targets) await autocannon.load({ ...common, url, ms: WARM_UP_MS });
  const contenders = new Map(targets.map(({ id, url }) => [id, url]));
  return context.rounds({ label: 'http', contenders, rounds, warmUp: false }, async (url): Promise<EndpointRun> => {
    const cpuUs = cpuMeter(running.pids);
    const run = await autocannon.load({ ...common, url, ms });
    return { ...run, cpuUs: cpuUs(answersOf(run)) };
  });
}
