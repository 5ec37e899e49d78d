// Calls with telemetry that goes to a collector on loopback, for one test at a time.

import { pino } from 'pino';
import { Registry } from 'prom-client';
import { onTestFinished } from 'vitest';
import type { TelemetryConfig } from '../../server/config/side/telemetry-schema.ts';
import { createPrices } from '../../server/side/billing/prices.ts';
import type { LiveRouter } from '../../server/side/llm/router.ts';
import type { MakeStep } from '../../server/side/llm/steps/steps.ts';
import { createTracedRouter } from '../../server/side/telemetry/call-spans.ts';
import { Telemetry } from '../../server/side/telemetry/telemetry.ts';
import { type MemoryStore, memoryStore } from './memory-store.ts';
import { type OtlpCollector, otlpCollector } from './otlp-collector.ts';
import { sideConfig } from './routing.ts';

export const silent = pino({ level: 'silent' });

/** The settings for a collector, with what the schema adds to them. */
export const exportedTo = (collector: Pick<OtlpCollector, 'url'>, more: object = {}): TelemetryConfig => {
  const { telemetry } = sideConfig({ telemetry: { otlp: collector.url, allowPrivate: true, ...more } });
  if (telemetry === undefined) throw new Error('no telemetry');
  return telemetry;
};

interface Tracing {
  readonly router: LiveRouter;
  readonly store: MemoryStore;
  readonly telemetry: Telemetry;
  readonly registry: Registry;
  readonly collector: OtlpCollector;
  /** Sends what waits. Nothing is sent afterwards. */
  flush(): Promise<OtlpCollector['spans']>;
}

/** `makers`: steps of classes. */
export async function tracing(
  written: Parameters<typeof sideConfig>[0],
  more: object = {},
  makers: readonly MakeStep[] = [],
): Promise<Tracing> {
  const collector = await otlpCollector();
  const config = sideConfig({ ...written, telemetry: exportedTo(collector, more) });
  const store = memoryStore();
  const registry = new Registry();
  const telemetry = new Telemetry({ config, log: silent, metrics: { registry }, instance: 'one' });
  const ownBudgets = { of: async () => [] };
  const router: LiveRouter = createTracedRouter(
    {
      ...{ config, store, ownBudgets, log: silent },
      prices: createPrices(config.prices),
      rehearsalUrl: () => undefined,
      steps: { makers, run: (call) => router.run(call) },
    },
    telemetry,
  );
  onTestFinished(async () => {
    await router.close();
    await telemetry.close(0);
  });
  return {
    ...{ router, store, telemetry, registry, collector },
    async flush() {
      await router.close();
      await telemetry.close(5000);
      return collector.spans;
    },
  };
}
