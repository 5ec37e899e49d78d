// A tap over a scripted dialect, which tells what it learned from the observations that it was given.

import type { Dialect } from '../../adapters/realtime/contract/dialect.ts';
import type { Observation } from '../../adapters/realtime/contract/observation.ts';
import { createMetrics } from '../../server/platform/metrics.ts';
import { Tap } from '../../server/session/tap/tap.ts';

/** A dialect whose frames are observations, as JSON. */
const dialect: Dialect = {
  name: 'scripted',
  capabilities: { audio: 'binary', turnEnd: 'event', interruption: 'event', usage: 'per-turn', speaksFirst: 'client' },
  mostTokens: { input: 1000, output: 100 },
  modelsIn: () => undefined,
  observe: ({ data }): Observation => JSON.parse(data.toString()),
  errorEvent: () => undefined,
};

/** The summary of a tap that saw these observations. */
export function tapOf(...observations: { at: number; observation: Partial<Observation> }[]) {
  const tap = new Tap({ dialect, metrics: createMetrics(() => 0), provider: 'openai', startedAt: 0 });
  for (const { at, observation } of observations) {
    tap.observe({ data: Buffer.from(JSON.stringify({ type: 'x', ...observation })), binary: false, at }, 'downstream');
  }
  return tap.summary();
}
