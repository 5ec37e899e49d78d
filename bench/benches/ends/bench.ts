// Measures how long the other end of a session takes to learn that one end is gone: closed, cut off, or reset; from each side.

import { once } from 'node:events';
import { WebSocket, WebSocketServer } from 'ws';
import type { Bench, BenchContext, RunningContender } from '../../bench.ts';
import { PATH } from '../../contenders/start-all.ts';
import { measure, mergedBy, reportTable } from '../../figures/describe.ts';
import { createHistogram, encodeHistogram, percentilesMs, recordNs } from '../../figures/histogram.ts';
import { type Rounds, runsOf } from '../../figures/rounds.ts';
import { nowNs } from '../../load/wire.ts';

type Leave = (ws: WebSocket) => void;
type Side = 'client' | 'provider';
type Socket = { resetAndDestroy(): void; destroy(): void };
const socketOf = (ws: WebSocket): Socket => (ws as unknown as { _socket: Socket })._socket;

const WAYS: Readonly<Record<string, Leave>> = {
  close: (ws) => ws.close(1000, 'OK'),
  fin: (ws) => socketOf(ws).destroy(),
  reset: (ws) => socketOf(ws).resetAndDestroy(),
};
const CASES = (['client', 'provider'] as const).flatMap((side) =>
  Object.entries(WAYS).map(([way, leave]) => ({ side, way, leave })),
);
const GOAL_MS = 100;
/** Sessions of one round; their p99 is the value of the round. */
const SESSIONS = 50;
const SECONDS_A_SESSION = 0.006;

export const ends: Bench = {
  name: 'ends',
  description: 'from the end of one side of a session to the other side knowing it, through trunkline',
  needs: 'trunkline',
  seconds: (settings) => 2 + roundsOf(settings) * SESSIONS * 6 * SECONDS_A_SESSION,
  async run(context) {
    const provider = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    context.own({ stop: () => provider.close() });
    await once(provider, 'listening');
    const providerPort = (provider.address() as { port: number }).port;
    const running = await context.start('trunkline', { providerPort });
    const contenders = new Map(CASES.map(({ side, way, leave }) => [`${side}_${way}`, { side, leave }]));
    const plan = { label: 'ends', contenders, rounds: roundsOf(context.settings) };
    return describeEnds(await context.rounds(plan, ({ side, leave }) => endAll({ provider, running }, side, leave)));
  },
};

const roundsOf = ({ isShort, rounds }: BenchContext['settings']): number => rounds ?? (isShort ? 2 : 10);

interface Target {
  readonly provider: WebSocketServer;
  readonly running: RunningContender;
}

/** Gives a histogram of one round. */
async function endAll(target: Target, side: Side, leave: Leave): Promise<string> {
  const histogram = createHistogram();
  for (let session = 0; session < SESSIONS; session += 1) recordNs(histogram, await oneEnd(target, side, leave));
  return encodeHistogram(histogram);
}

/** Nanoseconds from the leaving of one end to the close event of the other. */
async function oneEnd({ provider, running: { url, headers } }: Target, side: Side, leave: Leave): Promise<number> {
  const accepted = once(provider, 'connection') as Promise<[WebSocket]>;
  const client = new WebSocket(url(PATH), { perMessageDeflate: false, headers });
  client.on('error', () => {});
  await once(client, 'open');
  const [upstream] = await accepted;
  upstream.on('error', () => {});
  const [leaver, other] = side === 'client' ? [client, upstream] : [upstream, client];
  const told = once(other, 'close');
  const from = nowNs();
  leave(leaver);
  await told;
  return nowNs() - from;
}

function describeEnds(rounds: Rounds<string>) {
  const merged = mergedBy(rounds, (histogram) => histogram);
  const rows = [...merged].map(([name, all]) => ({ name, all, ...percentilesMs(all) }));
  const table = reportTable('until the other end knows, ms', rows, [
    ['', ({ name }) => name.replace('_', ' gone by ')],
    ['p50', ({ p50 }) => p50],
    ['p99', ({ p99 }) => p99],
    ['max', ({ max }) => max],
    ['sessions', ({ count }) => count],
    [`p99 < ${GOAL_MS}`, ({ p99 }) => (p99 < GOAL_MS ? 'yes' : 'NO')],
  ]);
  return {
    measures: rows.map(({ name }) =>
      measure(
        idOf(name),
        'ms',
        runsOf(rounds, name).map((histogram) => percentilesMs(histogram).p99),
      ),
    ),
    tables: [table],
    histograms: Object.fromEntries(rows.map(({ name, all }) => [idOf(name), encodeHistogram(all)])),
  };
}

const idOf = (name: string): string => `ends.${name}_p99_ms.trunkline`;
