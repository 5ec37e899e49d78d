// Tests kill -9 of the side process, or of the whole gateway, right after calls were sent: each of them has a row, and budgets hold what rows cost.
// TRUNKLINE_LONG=1 runs 20 rounds, else 2.

import { afterAll, expect, test } from 'vitest';
import { openStore } from '../../../server/side/store/open.ts';
import { type LlmGateway, llmGateway } from '../../support/llm-gateway.ts';
import { childrenOf, killAll } from '../../support/processes.ts';
import { type Served, serve } from '../../support/served.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { until } from '../../support/until.ts';

const isLong = process.env.TRUNKLINE_LONG === '1';
const ROUNDS = isLong ? 20 : 2;
const AT_ONCE = 5;
const MODEL = 'priced-1';

let llm: LlmGateway | undefined;
let gateway: Served | undefined;
afterAll(async () => {
  if (gateway?.child.exitCode === null && gateway.child.signalCode === null) killAll(gateway.child);
  await gateway?.exited;
  await llm?.close();
});

const call = (served: Served) =>
  fetch(`${served.url.replace('ws', 'http')}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ model: MODEL, messages: [{ role: 'user', content: 'Hi' }], max_tokens: 10 }),
  })
    .then(({ status }) => status)
    .catch(() => 0);

test('calls of a killed process are in the ledger as lost, and budgets count them and nothing else', {
  timeout: ROUNDS * 60_000,
}, async () => {
  const data = temporaryFolder('killed-calls');
  let holding: Promise<void> | undefined;
  const scripted = await llmGateway({
    script: () => (holding === undefined ? { text: 'yes' } : { after: holding, text: 'yes' }),
  });
  llm = scripted;
  const start = () =>
    serve(
      {
        gateways: {
          scripted: { profile: 'openai-compatible', baseUrl: scripted.baseUrl, apiKey: 'x', allowPrivate: true },
        },
        classes: { plain: { targets: [{ gateway: 'scripted', model: MODEL }] } },
        tasks: [],
        prices: { [MODEL]: { input: 1, output: 10 } },
        budgets: [
          { class: 'plain', window: 'total', maxUsd: 100 },
          { window: 'total', maxUsd: 10 },
        ],
      },
      data,
    );
  gateway = await start();
  for (let round = 0; round < ROUNDS; round++) {
    const served = gateway;
    // Leases are there once some calls were made.
    await until(async () => (await call(served)) === 200);
    for (let made = 0; made < 10; made++) expect(await call(served)).toBe(200);
    const release = Promise.withResolvers<void>();
    holding = release.promise;
    const before = scripted.count.requests;
    const calls = Array.from({ length: AT_ONCE }, () => call(served));
    while (scripted.count.requests < before + AT_ONCE) await new Promise((later) => setImmediate(later));
    if (round % 2 === 0) {
      for (const side of childrenOf(served.run.pid, 'side/process')) process.kill(side, 'SIGKILL');
    } else {
      killAll(served.child);
      await served.exited;
      gateway = await start();
    }
    holding = undefined;
    release.resolve();
    expect(await Promise.all(calls)).not.toContain(200);
  }
  await until(async () => (await call(gateway as Served)) === 200);
  await gateway.stop();

  const store = await openStore({ url: 'sqlite', dataDirectory: data });
  const rows = await store.ledger({ limit: 10_000 });
  const lost = rows.filter(({ outcome }) => outcome === 'lost');
  expect(rows).toHaveLength(scripted.count.requests);
  expect(lost.length).toBeGreaterThanOrEqual(ROUNDS * AT_ONCE);
  expect(rows.filter(({ outcome }) => outcome !== 'ok' && outcome !== 'lost')).toEqual([]);
  const spentMicroUsd = rows.reduce((sum, { costMicroUsd = 0 }) => sum + costMicroUsd, 0);
  for (const id of ['*|plain|total|0', '*|*|total|0'])
    expect(await store.budgetUse(id)).toEqual({ spentMicroUsd, reservedMicroUsd: 0 });
  await store.close();
});
