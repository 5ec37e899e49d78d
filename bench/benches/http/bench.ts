// Measures plain HTTP: the admin listener and the public one, loaded by autocannon, with sessions open beside it.

import type { Bench, BenchContext, RunningContender } from '../../bench.ts';
import { NO_RESULTS } from '../../figures/results.ts';
import { resourceUsage } from '../../machine/resource-usage.ts';
import { startRpcProcess } from '../../machine/rpc.ts';
import {
  answersOf,
  type EndpointRun,
  HTTP_CONNECTIONS,
  HTTP_SESSIONS,
  type HttpEndpoint,
  type HttpRun,
} from './data.ts';
import { describeHttp } from './report.ts';

const WARM_UP_MS = 200;

interface Target extends HttpEndpoint {
  readonly url: string;
}

export const http: Bench = {
  name: 'http',
  description: 'requests per second and latency of the admin and the public HTTP endpoints',
  seconds: (settings) => {
    const { rounds, ms } = planOf(settings);
    return 3 + (9 * (WARM_UP_MS + rounds * (ms + 60))) / 1000;
  },
  async run(context) {
    const trunkline = context.contenders.find(({ name }) => name === 'trunkline');
    if (trunkline === undefined) {
      const reason = `trunkline: ${context.absent.get('trunkline')}`;
      return { ...NO_RESULTS, notes: [reason] };
    }
    const [provider, generator] = [await context.startProvider(), await context.startGenerator()];
    const running = await context.start(trunkline, { providerPort: provider.port });
    await generator.open({ url: running.url(PATH), headers: running.headers, sessions: HTTP_SESSIONS });
    const { targets, missing } = await answering(await targetsOf(running), running);
    const runs = await takeTurns(context, running, targets);
    await generator.close();
    return describeHttp(targets, runs, missing);
  },
};

const PATH = '/v1/realtime?model=bench';

function planOf({ isShort, rounds, seconds }: BenchContext['settings']) {
  return { rounds: rounds ?? (isShort ? 2 : 5), ms: 1000 * (seconds ?? (isShort ? 1 : 2)) };
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

/** Endpoint -> rounds. */
async function takeTurns(context: BenchContext, running: RunningContender, targets: readonly Target[]) {
  const autocannonProcess = startRpcProcess(new URL('./process.ts', import.meta.url));
  context.onEnd(autocannonProcess.stop);
  const { rounds, ms } = planOf(context.settings);
  const load = ({ url }: Target, forMs: number) =>
    autocannonProcess.call<HttpRun>('load', {
      url,
      headers: running.headers,
      connections: HTTP_CONNECTIONS,
      ms: forMs,
    });
  const runs = new Map(targets.map(({ id }): [string, EndpointRun[]] => [id, []]));
  for (const target of targets) await load(target, WARM_UP_MS);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, target] of targets.entries()) {
      context.progress(
        `http: ${target.title}, round ${round + 1} of ${rounds}`,
        (round + index / targets.length) / rounds,
      );
      const before = resourceUsage(running.pids);
      const run = await load(target, ms);
      const after = resourceUsage(running.pids);
      const cpuUs = before && after && (after.cpuNs - before.cpuNs) / 1000 / answersOf(run);
      runs.get(target.id)?.push({ ...run, cpuUs });
    }
  }
  return runs;
}

const _rateOf = (run: HttpRun): number => answersOf(run) / run.seconds;
