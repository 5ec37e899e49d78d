// Providers and LLM gateways as the operator is told of them: those of the configuration, with the sums over all processes.

import { Counter, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { loadConfig } from '../../../../server/config/load.ts';
import { createMetrics } from '../../../../server/platform/metrics.ts';
import { describeRefusals } from '../../../../server/processes/operator/refusals.ts';
import { sumMetrics } from '../../../../server/processes/operator/sums.ts';
import { describeUpstreams } from '../../../../server/processes/operator/upstreams.ts';
import { createSideMetrics } from '../../../../server/side/telemetry/metrics.ts';
import { configFile } from '../../../support/config-file.ts';

const config = loadConfig({
  file: configFile({
    providers: { openai: { apiKey: 'a-secret' } },
    gateways: { router: { profile: 'openrouter', apiKey: 'a-secret' } },
    classes: { chat: { targets: [{ gateway: 'router', model: 'some/model' }] } },
  }),
  env: {},
});

const jsonOf = (registry: Registry) => registry.getMetricsAsJSON();

/** Sums of what two gateway processes and two side processes have counted. */
async function counted() {
  const gateways = [createMetrics(() => 0), createMetrics(() => 0)] as const;
  gateways[0].dialled('cold', { provider: 'openai', outcome: 'open', ms: 100 });
  gateways[1].dialled('warm', { provider: 'openai', outcome: 'open', ms: 50 });
  gateways[1].dialled('cold', { provider: 'openai', outcome: 'failed', ms: 300 });
  gateways[0].turn({ speechToAudioMs: 400 }, 'openai');
  gateways[0].refused('invalid_key', 401);
  gateways[1].refused('invalid_key', 401);
  gateways[1].refused('too_many_sessions', 429);
  gateways[0].closed('client-closed', 1000);
  gateways[0].refusedCall({ code: 'budget_exceeded', key: 'web', class: 'chat' });
  const sides = [createSideMetrics(), createSideMetrics()] as const;
  for (const [index, side] of sides.entries()) {
    const guard = { unavailable: () => (index === 0 ? { reason: 'broken', retryAfterMs: 1 } : undefined) };
    side.runs.watch(() => ({ running: 2 + index, readers: 1 + index, bytes: 9 }));
    side.watch(() => [{ gatewayName: 'router', model: 'some/model', guard: guard as never }]);
  }
  const attempts = { name: 'trunkline_side_attempts_total', help: 'h', labelNames: ['gateway', 'kind', 'outcome'] };
  const counter = new Counter({ ...attempts, registers: [sides[0].registry] });
  counter.inc({ gateway: 'router', kind: 'chat', outcome: 'ok' }, 4);
  counter.inc({ gateway: 'router', kind: 'task', outcome: 'timeout' }, 2);
  return sumMetrics(await Promise.all([...gateways, ...sides].map(({ registry }) => jsonOf(registry))));
}

test('each provider has its dials and latencies, each LLM gateway its attempts, and each target its breaker', async () => {
  expect(describeUpstreams(config, await counted())).toEqual({
    providers: [
      {
        ...{ name: 'openai', state: 'configured', dials: { open: 2, failed: 1 }, dialMs: 150 },
        ...{ speechToAudioMs: 400, requestToAudioMs: undefined },
      },
    ],
    gateways: [
      {
        ...{ name: 'router', attempts: { ok: 4, timeout: 2 }, costMicroUsd: 0, dialMs: undefined },
        targets: [{ model: 'some/model', firstTokenMs: undefined, blocked: { broken: 1 } }],
      },
    ],
    runs: { live: 5, readers: 3 },
  });
});

test('refusals and ends are summed over the processes, the most frequent first', async () => {
  expect(describeRefusals(await counted())).toEqual({
    refusals: [
      { code: 'invalid_key', status: 401, count: 2 },
      { code: 'too_many_sessions', status: 429, count: 1 },
    ],
    calls: [{ code: 'budget_exceeded', key: 'web', class: 'chat', count: 1 }],
    closes: [{ reason: 'client-closed', code: 1000, count: 1 }],
  });
});

test('without anything counted there is everything that is configured', async () => {
  const none = await sumMetrics([await jsonOf(new Registry())]);
  expect(describeUpstreams(config, none).providers).toMatchObject([{ name: 'openai', dials: {} }]);
  expect(describeRefusals(none)).toEqual({ refusals: [], calls: [], closes: [] });
});
