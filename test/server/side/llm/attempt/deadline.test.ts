// Tests what becomes of calls when the process ends.

import { expect, test } from 'vitest';
import { call, collector, failed, pair, routing } from '../../../../support/routing.ts';
import { until } from '../../../../support/until.ts';

const prices = { first: { input: 1, output: 10 } };

test('close writes down attempts that are not settled yet', async () => {
  const { targets, gateways } = await pair();
  const { router, store } = routing({ gateways, classes: { commodity: { targets } } });
  await router.run(call());
  await router.close();
  expect([...store.rows.values()]).toMatchObject([{ outcome: 'ok' }]);
});

test('close ends the calls that run, and each is settled at what came of it before the store is closed', async () => {
  const { targets, gateways } = await pair({ behaviour: { pieces: 1000, everyMs: 20 } });
  const { router, store } = routing({ gateways, classes: { commodity: { targets } }, prices });
  const sink = collector();
  const streamed = router.run(call({ llm: { isStreamed: true } }), sink);
  await until(() => sink.text().includes('data:'));
  await router.close();
  const [row, ...others] = [...store.rows.values()];
  expect(others).toEqual([]);
  expect(row).toMatchObject({ outcome: 'cancelled' });
  expect(row?.usage.outputTokens).toBeGreaterThan(0);
  expect(failed(await streamed)).toMatchObject({ code: 'draining', status: 503, isOutage: true });
});
