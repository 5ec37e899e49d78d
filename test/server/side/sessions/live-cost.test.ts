// Checks what live sessions without a limit of money have cost: what was reported, at its price, wherever they are shown, and afterwards.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPrices } from '../../../../server/side/billing/prices.ts';
import { liveCost, withCost } from '../../../../server/side/sessions/live-cost.ts';
import { openClient } from '../../../support/gateway.ts';
import { message } from '../../../support/inbox.ts';
import { childrenOf } from '../../../support/processes.ts';
import { type FakeProvider, startProvider } from '../../../support/provider.ts';
import { type Served, serve } from '../../../support/served.ts';
import { until } from '../../../support/until.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
/** USD per million tokens. */
const PRICES = { 'gpt-realtime-2.1': { input: 4, output: 24 }, 'gpt-*-transcribe': { input: 2, output: 8 } };
const prices = createPrices(PRICES);
let provider: FakeProvider;
let served: Served;

beforeAll(async () => {
  provider = await startProvider();
  // A side process that is held up must not be started anew.
  served = await serve({ provider: provider.url, prices: PRICES, tasks: [], side: { silenceMs: 600_000 } });
});
afterAll(async () => {
  await served?.stop();
  await provider?.close();
});

const usage = (inputTokens: number, outputTokens: number) => ({
  type: 'response.done',
  response: { status: 'completed', usage: { input_tokens: inputTokens, output_tokens: outputTokens } },
});

async function open(id: string, path = REALTIME) {
  const client = await openClient(`${served.url}${path}&trunkline-session=${id}`);
  return { client, upstream: await provider.next() };
}

const shown = async (url: string): Promise<{ costMicroUsd?: number }> => (await fetch(url)).json() as never;
const listed = async (wanted: string) => (await served.sessions()).find(({ id }) => id === wanted)?.costMicroUsd;

test('the cost of a live session grows with each report, wherever it is shown, and stays once it has ended', async () => {
  const id = '00000000-0000-4000-8000-000000000001';
  const { client, upstream } = await open(id);
  const session = `${served.url.replace('ws', 'http')}/v1/sessions/${id}`;
  const everywhere = async () => {
    const urls = [session, `${session}/timeline`, `${served.admin}/sessions/${id}`];
    const costs = (await Promise.all(urls.map(shown))).map(({ costMicroUsd }) => costMicroUsd);
    return [await listed(id), ...costs];
  };
  expect(await everywhere()).toEqual(Array(4).fill(undefined));
  for (const [tokens, cost] of [
    [1000, 28_000],
    [500, 42_000],
  ] as const) {
    upstream.send(JSON.stringify(usage(tokens, tokens)));
    await message(client);
    expect(await everywhere()).toEqual(Array(4).fill(cost));
  }
  client.close();
  await until(async () => (await shown(`${session}/timeline`)) && (await listed(id)) === undefined);
  await until(async () => JSON.stringify(await shown(session)).includes('"outcome":"ok"'));
  expect((await everywhere()).slice(1)).toEqual(Array(3).fill(42_000));
});

test('the live sessions are listed without their cost while the side process does not say it', async () => {
  const id = '00000000-0000-4000-8000-000000000002';
  const { client, upstream } = await open(id);
  upstream.send(JSON.stringify(usage(1000, 1000)));
  await message(client);
  const [side = 0] = childrenOf(served.run.pid, 'side/process');
  process.kill(side, 'SIGSTOP');
  try {
    const sessions = await served.sessions();
    expect(sessions).toMatchObject([{ id, usage: { inputTokens: 1000 } }]);
    expect(sessions[0]).not.toHaveProperty('costMicroUsd');
  } finally {
    process.kill(side, 'SIGCONT');
  }
  await until(async () => (await listed(id)) === 28_000);
  client.close();
});

const use = (some: object) => ({ provider: 'openai', model: 'gpt-realtime-2.1', usage: {}, ...some });

test('each model has its price, and the cost is unknown where one has none or nothing was reported', () => {
  const tokens = { inputTokens: 1000 };
  const both = (model: string) => [
    { model: 'gpt-realtime-2.1', usage: tokens },
    { model, usage: tokens },
  ];
  expect(liveCost(use({ usage: tokens }), prices)).toBe(4000);
  expect(liveCost(use({ usageByModel: both('gpt-4o-transcribe') }), prices)).toBe(6000);
  expect(liveCost(use({ usageByModel: both('nobody-knows') }), prices)).toBeUndefined();
  expect(liveCost(use({}), prices)).toBeUndefined();
});

test('a session that counts its own cost keeps that, with its estimate', () => {
  const counted = use({ usage: { inputTokens: 1000 }, costMicroUsd: 4321 });
  expect(withCost(counted, prices)).toBe(counted);
  expect(withCost(undefined, prices)).toBeUndefined();
});
