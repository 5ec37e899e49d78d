// Measures what the hop adds to the start of a session: on loopback, where only its own work counts, and over distances, where
// the round trips do. One session at a time.

import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ensureDevCertificate } from '../../../server/http/dev-certificate.ts';
import type { Bench, BenchContext, BenchSettings, RunningContender } from '../../bench.ts';
import { PATH } from '../../contenders/start-all.ts';
import { startProvider } from '../../load/load-processes.ts';
import type { DelayProxyMethods } from '../../machine/delay-proxy-process.ts';
import { cpuMeter } from '../../machine/resource-usage.ts';
import { type RpcProcess, startRpcProcess } from '../../machine/rpc.ts';
import { type StartPlace, type StartRun, WITH_KEY, WITH_SECRET } from './data.ts';
import { sessionStartFigures } from './figures.ts';
import type { StarterMethods, StartPlan } from './process.ts';
import { describeSessionStart } from './report.ts';

/** Round trips. The way to the provider is as long directly as it is through the gateway. */
const DISTANCE_MS = { toGateway: 10, toProvider: 60, direct: 70 };
/** Connections ahead of use: more than are started while one is opened anew. */
const WARM_CONNECTIONS = 4;
/** The last batch of what sessions do is on its way to the store after 100 ms. */
const SETTLE_MS = 200;

export const sessionStart: Bench = {
  name: 'session-start',
  description: 'TCP, TLS, upgrade and first provider event of a session, on loopback and over distances',
  seconds: (settings, contenders) => secondsOf(settings, contenders).reduce((sum, seconds) => sum + seconds),
  async run(context) {
    const starter = context.own(startRpcProcess<StarterMethods>(new URL('./process.ts', import.meta.url)));
    const [near, far] = secondsOf(context.settings, context.contenders.length);
    const share = near / (near + far);
    const plan = planOf(context.settings);
    const measure = (place: Measured) => measurePlace(context, starter, place);
    const data = {
      loopback: await measure({
        ...plan.loopback,
        label: 'session-start, loopback',
        part: [0, share],
        routes: await nearRoutes(context),
      }),
      far: await measure({
        ...plan.far,
        label: 'session-start, 60 ms',
        part: [share, 1],
        routes: await farRoutes(context),
      }),
    };
    return { ...describeSessionStart(data, context), figures: sessionStartFigures(data, context) };
  },
};

interface Plan {
  readonly rounds: number;
  /** Starts of one visit. */
  readonly count: number;
  readonly pauseMs: number;
  /** Starts before the rounds: the first ones are slow, and show whether the contender can be measured at all. */
  readonly first: number;
}

function planOf({ isShort, rounds }: BenchSettings): { readonly loopback: Plan; readonly far: Plan } {
  return {
    loopback: { rounds: rounds ?? (isShort ? 10 : 40), count: 20, pauseMs: 4, first: 500 },
    // The pause is long enough for TCP and TLS of a new provider connection ahead of use.
    far: { rounds: rounds ?? (isShort ? 4 : 12), count: 3, pauseMs: 3 * DISTANCE_MS.toProvider + 20, first: 2 },
  };
}

function secondsOf(settings: BenchSettings, contenders: number): [near: number, far: number] {
  const { loopback, far } = planOf(settings);
  const visits = ({ rounds, count, pauseMs, first }: Plan, startMs: number) =>
    (((rounds + 1) * count + first) * (pauseMs + startMs) + (rounds + 2) * SETTLE_MS) / 1000;
  return [(contenders + 2) * (1 + visits(loopback, 3)), 3 + 4 * visits(far, 270)];
}

type Target = Pick<StartPlan, 'url' | 'headers' | 'ca' | 'mintUrl'> & Pick<RunningContender, 'pids'>;

/** Contender -> starts it, and gives the way to reach it. */
type Routes = ReadonlyMap<string, () => Promise<Target>>;

async function nearRoutes(context: BenchContext): Promise<Routes> {
  const { port } = context.own(await startProvider());
  const open = async (name: string) => {
    const { url, headers, pids } = await context.start(name, { providerPort: port });
    return { url: url(PATH), headers, pids };
  };
  const credential = { authorization: 'Bearer secret-of-the-bench' };
  const openWith = async (mintPath?: string): Promise<Target> => {
    const config = { keys: [{ id: 'bench', secret: 'secret-of-the-bench' }] };
    const { url, pids } = await context.start('trunkline', { providerPort: port, config });
    const mintUrl = mintPath && url(mintPath).replace('ws:', 'http:');
    return { url: url(PATH), headers: credential, mintUrl, pids };
  };
  return new Map([
    ...context.contenders.map(({ name }) => [name, () => open(name)] as const),
    ...(context.absent.has('trunkline')
      ? []
      : ([
          [WITH_KEY, () => openWith()],
          [WITH_SECRET, () => openWith('/v1/client_secrets')],
        ] as const)),
  ]);
}

async function farRoutes(context: BenchContext): Promise<Routes> {
  const { caPath: ca, certPath: cert, keyPath: key } = await ensureDevCertificate(join(context.folder, 'tls'));
  const tls = { cert, key };
  const provider = context.own(await startProvider({ tls }));
  const module = new URL('../../machine/delay-proxy-process.ts', import.meta.url);
  const proxies = context.own(startRpcProcess<DelayProxyMethods>(module));
  const direct = await proxies.open({ targetPort: provider.port, roundTripMs: DISTANCE_MS.direct });
  const behind = await proxies.open({ targetPort: provider.port, roundTripMs: DISTANCE_MS.toProvider });

  async function openDirect(name: string): Promise<Target> {
    const { url, headers, pids } = await context.start(name, { providerPort: direct, providerCa: ca });
    return { url: url(PATH), headers, ca, pids };
  }

  async function openGateway(connections: number): Promise<Target> {
    const config = { providers: { openai: { preconnect: { connections } } } };
    const options = { providerPort: behind, providerCa: ca, clientTls: tls, config };
    const started = await context.start('trunkline', options);
    const url = new URL(started.url(PATH));
    url.port = String(await proxies.open({ targetPort: Number(url.port), roundTripMs: DISTANCE_MS.toGateway }));
    return { url: url.href, headers: started.headers, ca, pids: started.pids };
  }

  return new Map([
    ['direct', () => openDirect('direct')],
    ...(context.absent.has('trunkline')
      ? []
      : ([
          ['trunkline-cold', () => openGateway(0)],
          ['trunkline-warm', () => openGateway(WARM_CONNECTIONS)],
        ] as const)),
    ['direct-again', () => openDirect('direct-again')],
  ]);
}

interface Measured extends Plan {
  readonly label: string;
  readonly part: readonly [from: number, to: number];
  readonly routes: Routes;
}

/** Measures one place. Contenders that cannot be reached are left out, and said. */
async function measurePlace(
  context: BenchContext,
  starter: RpcProcess<StarterMethods>,
  { label, part, routes, rounds, count, pauseMs, first }: Measured,
): Promise<StartPlace> {
  const contenders = new Map<string, Target>();
  const absent = new Map(context.absent);
  for (const [name, open] of routes) {
    context.progress(`${label}: starting ${name}`, part[0]);
    try {
      const target = await open();
      await visitOne(starter, target, { count: first, pauseMs });
      contenders.set(name, target);
    } catch (error) {
      const { message } = error as Error;
      context.say(`${label}: ${name}: ${message}`);
      absent.set(name, message);
    }
  }
  const visit = (target: Target) => visitOne(starter, target, { count, pauseMs });
  return { rounds: await context.rounds({ label, part, contenders, rounds }, visit), absent };
}

/** The CPU is read when what a start leaves to do, such as its entry in the store, is done as well. */
async function visitOne(
  starter: RpcProcess<StarterMethods>,
  { pids, ...target }: Target,
  times: Pick<StartPlan, 'count' | 'pauseMs'>,
): Promise<StartRun> {
  const cpuUs = cpuMeter(pids);
  const starts = await starter.start({ ...target, ...times });
  if (pids.length > 0) await delay(SETTLE_MS);
  return { starts, cpuUsPerStart: cpuUs(times.count) };
}
