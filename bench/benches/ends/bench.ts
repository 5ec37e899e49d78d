// Measures how long the other end of a session takes to learn that one end is gone: closed, cut off, or reset; from each side.

import { once } from 'node:events';
import { WebSocket, WebSocketServer } from 'ws';
import type { Bench, BenchContext } from '../../bench.ts';
import { PATH } from '../../contenders/start-all.ts';
import { measure, reportTable } from '../../figures/describe.ts';
import { createHistogram, encodeHistogram, percentilesMs, recordNs } from '../../figures/histogram.ts';
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
    const dial = { provider, url: running.url(PATH), headers: running.headers };
    const measured = await measureAll(context, dial);
    return {
      measures: measured.map(({ id, p99s }) => measure(id, 'ms', p99s)),
      tables: [tableOf(measured)],
      histograms: Object.fromEntries(measured.map(({ id, histogram }) => [id, histogram])),
    };
  },
};

const roundsOf = ({ isShort, rounds }: BenchContext['settings']): number => rounds ?? (isShort ? 2 : 10);

interface Dial {
  readonly provider: WebSocketServer;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

type Measured = Awaited<ReturnType<typeof measureAll>>[number];

async function measureAll(context: BenchContext, dial: Dial) {
  const cases = (['client', 'provider'] as const).flatMap((side) =>
    Object.entries(WAYS).map((way) => [side, ...way] as const),
  );
  const rounds = roundsOf(context.settings);
  const measured = [];
  for (const [index, [side, way, leave]] of cases.entries()) {
    context.progress(`ends: ${side} gone by ${way}`, index / cases.length);
    const all = createHistogram();
    const p99s: number[] = [];
    // The first one warms up.
    for (let round = -1; round < rounds; round += 1) {
      const histogram = createHistogram();
      for (let session = 0; session < SESSIONS; session += 1) recordNs(histogram, await oneEnd(dial, side, leave));
      if (round < 0) continue;
      p99s.push(percentilesMs(histogram).p99);
      all.add(histogram);
    }
    const name = `${side} gone by ${way}`;
    measured.push({ name, id: `ends.${side}_${way}_p99_ms.trunkline`, p99s, histogram: encodeHistogram(all) });
  }
  return measured;
}

/** Nanoseconds from the leaving of one end to the close event of the other. */
async function oneEnd({ provider, url, headers }: Dial, side: Side, leave: Leave): Promise<number> {
  const accepted = once(provider, 'connection') as Promise<[WebSocket]>;
  const client = new WebSocket(url, { perMessageDeflate: false, headers });
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

function tableOf(measured: readonly Measured[]) {
  const rows = measured.map(({ name, histogram }) => ({ name, ...percentilesMs(histogram) }));
  return reportTable('until the other end knows, ms', rows, [
    ['', ({ name }) => name],
    ['p50', ({ p50 }) => p50],
    ['p99', ({ p99 }) => p99],
    ['max', ({ max }) => max],
    ['sessions', ({ count }) => count],
    [`p99 < ${GOAL_MS}`, ({ p99 }) => (p99 < GOAL_MS ? 'yes' : 'NO')],
  ]);
}
