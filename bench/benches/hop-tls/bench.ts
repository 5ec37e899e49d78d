// The hop as it is in production: the provider is reached over TLS, and clients come plain, as behind a proxy that ends TLS, or over
// TLS as well.

import { join } from 'node:path';
import { ensureDevCertificate } from '../../../server/http/dev-certificate.ts';
import type { Bench, BenchContext, BenchSettings } from '../../bench.ts';
import { GREET_MS, startAll } from '../../contenders/start-all.ts';
import type { Figure } from '../../figures/results.ts';
import { startEnds } from '../../load/sessions.ts';
import type { HopPart } from '../hop/data.ts';
import { costRatio } from '../hop/figures.ts';
import { loadOf, millisecondsOf, warmUpTime } from '../hop/loads.ts';
import { describeParts } from '../hop/report.ts';
import { type HopLines, measurePart } from '../hop/slices.ts';

const SESSIONS = 100;

interface Legs {
  readonly id: 'provider' | 'both';
  readonly title: string;
}
const LEGS: readonly Legs[] = [
  { id: 'provider', title: 'TLS to the provider' },
  { id: 'both', title: 'TLS on both legs' },
];

/** Goals for the CPU of a frame. */
const GOALS = [
  { legs: 'provider', load: 'up-2600-40ms', bytes: 2600, against: 'haproxy', below: 1.3 },
  { legs: 'provider', load: 'down-16000-40ms', bytes: 16_000, against: 'nginx', below: 1.15 },
  { legs: 'both', load: 'up-2600-40ms', bytes: 2600, against: 'haproxy', below: 1.3 },
  { legs: 'both', load: 'down-16000-40ms', bytes: 16_000, against: 'nginx', below: 1.3 },
] as const;

export const hopTls: Bench = {
  name: 'hop-tls',
  description: 'added latency and CPU for each audio frame, with TLS to the provider and to the clients',
  seconds(settings, contenders) {
    const slices = loadsWith(settings).reduce((ms, load) => ms + (roundsOf(settings) + 1) * millisecondsOf(load), 0);
    return (
      (LEGS.length * Math.min(Math.max(contenders - 2, 1), 6) * (warmUpTime(SESSIONS) + 6 * SESSIONS + slices)) / 1000
    );
  },
  async run(context) {
    const parts = new Map<Legs['id'], HopPart>();
    for (const legs of LEGS) parts.set(legs.id, await measureLegs(context, legs));
    const named = LEGS.map(({ id, title }) => ({
      ...{ bench: 'hop_tls', id, title: `${SESSIONS} sessions, ${title}` },
      part: parts.get(id) as HopPart,
    }));
    return { ...describeParts(named, context), figures: figuresOf(parts, context) };
  },
};

const roundsOf = ({ isShort, rounds }: BenchSettings): number => rounds ?? (isShort ? 10 : 40);

const loadsWith = ({ seconds }: BenchSettings) => [
  loadOf(SESSIONS, { direction: 'upstream', frameBytes: 2600, frameMs: 40, seconds }),
  loadOf(SESSIONS, { direction: 'downstream', frameBytes: 16_000, frameMs: 40, seconds }),
];

async function measureLegs(context: BenchContext, { id }: Legs): Promise<HopPart> {
  const index = LEGS.findIndex((legs) => legs.id === id);
  const label = `hop-tls, ${id}`;
  const lines = await startLines(context, label, id);
  const part = [index / LEGS.length, (index + 1) / LEGS.length] as const;
  const loads = loadsWith(context.settings);
  return measurePart(context, lines, { label, count: SESSIONS, rounds: roundsOf(context.settings), part, loads });
}

/** `direct` has one leg, which is the provider's. */
async function startLines(context: BenchContext, label: string, legs: Legs['id']): Promise<HopLines> {
  const { caPath: ca, certPath: cert, keyPath: key } = await ensureDevCertificate(join(context.folder, 'tls'));
  const ends = await startEnds(context, { greetAfterMs: GREET_MS, tls: { cert, key } });
  const contenders = await startAll(context, label, {
    contenders: context.contenders.filter(({ hasTls }) => hasTls),
    providerPort: ends.provider.port,
    providerCa: ca,
    ...(legs === 'both' && { clientTls: { cert, key } }),
  });
  return { ends, contenders, ca };
}

function figuresOf(parts: ReadonlyMap<Legs['id'], HopPart>, context: BenchContext): Figure[] {
  return GOALS.map(({ legs, load, bytes, against, below }) => {
    const goal = { id: `hop_tls.cpu_per_frame.${legs}.${bytes}.vs_${against}`, unit: 'ratio', below };
    const runs = parts.get(legs)?.loads.get(load);
    return costRatio(goal, against, { ...context, runs: runs === undefined ? [] : [runs] });
  });
}
