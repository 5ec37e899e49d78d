// Checks that what is refused has a row once its caller is known, on both paths, and that neither a flood nor a dead store costs anybody anything.

import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RefusalRows, type RefusedRequest } from '../../../../../server/http/request/refusal/refusal-rows.ts';
import type { LedgerRow } from '../../../../../server/ipc/stored-rows.ts';
import { refusedUpgrade } from '../../../../support/gateway.ts';
import { type Served, serve } from '../../../../support/served.ts';
import { until } from '../../../../support/until.ts';

const refusal = (some: Partial<RefusedRequest> = {}): RefusedRequest => ({
  ...{ kind: 'chat', path: 'routed', key: 'web', promptClass: 'commodity', dataClass: 'open', asked: 'small' },
  ...{ outcome: 'rate_limit_exceeded', why: 'too many calls', ...some },
});

function keep(write: (rows: readonly LedgerRow[]) => Promise<unknown> = async () => {}) {
  const written: LedgerRow[] = [];
  const registry = new Registry();
  const warned: unknown[] = [];
  const rows = new RefusalRows({
    write: (some) => {
      written.push(...some);
      return write(some);
    },
    registry,
    log: { warn: (fields: unknown) => void warned.push(fields) } as never,
  });
  const lost = async () => (await registry.getSingleMetric('trunkline_refusals_without_row_total')?.get())?.values;
  return { rows, written, warned, lost };
}

test('equal refusals of a second are one row that counts them', async () => {
  const { rows, written } = keep();
  for (let count = 0; count < 1000; count++) rows.add(refusal());
  rows.add(refusal({ key: 'other', why: 'x'.repeat(1000) }));
  await rows.flush();
  expect(written).toMatchObject([
    { key: 'web', outcome: 'rate_limit_exceeded', why: 'too many calls', refusals: 1000, costMicroUsd: 0, tried: [] },
    { key: 'other', refusals: 1 },
  ]);
  expect(written[1]?.why).toHaveLength(300);
});

test('a flood writes twenty rows of a second, and counts the rest', async () => {
  const { rows, written, lost } = keep();
  for (let count = 0; count < 1000; count++) rows.add(refusal({ asked: `model-${count}` }));
  await rows.flush();
  expect(written).toHaveLength(20);
  expect(await lost()).toEqual([{ labels: { reason: 'flood' }, value: 980 }]);
});

test('what a dead store does not take is counted and lost, and the next ones are written', async () => {
  let isDead = true;
  const { rows, written, warned, lost } = keep(async () => {
    if (isDead) throw new Error('the store is away');
  });
  rows.add(refusal());
  rows.add(refusal());
  await rows.flush();
  expect(await lost()).toEqual([{ labels: { reason: 'store' }, value: 2 }]);
  expect(warned).toMatchObject([{ refusals: 2 }]);
  isDead = false;
  rows.add(refusal());
  await rows.flush();
  expect(written).toHaveLength(2);
});

test('a store that hangs is asked once, and what comes meanwhile stays bounded', async () => {
  const hangs = Promise.withResolvers<void>();
  const { rows, written } = keep(() => hangs.promise);
  rows.add(refusal());
  const first = rows.flush();
  for (let count = 0; count < 100; count++) rows.add(refusal({ asked: `model-${count}` }));
  const second = rows.flush();
  expect(written).toHaveLength(1);
  hangs.resolve();
  await Promise.all([first, second]);
  expect(written).toHaveLength(21);
});

describe('a gateway with its processes', () => {
  let served: Served;
  beforeAll(async () => {
    served = await serve({
      keys: [
        {
          id: 'web',
          secret: 'secret-of-web',
          team: 'apps',
          models: ['openai/gpt-realtime-*'],
          classes: ['realtime', 'tight'],
        },
        { id: 'slow', secret: 'secret-of-slow', rates: { callsPerMinute: 1 } },
      ],
      gateways: {
        router: { profile: 'openai-compatible', baseUrl: 'http://127.0.0.1:9/v1', apiKey: 'k', allowPrivate: true },
      },
      classes: { tight: { targets: [{ gateway: 'router', model: 'gpt-4o' }], maxUsdPerCall: 0.0000001 } },
      tasks: [],
    });
  });
  afterAll(async () => {
    await served.stop();
  });

  const rowOf = (outcome: string) =>
    until(async () => {
      const reply = await fetch(`${served.admin}/ledger/rows?limit=100`);
      const { rows } = (await reply.json()) as { rows: readonly (LedgerRow & { class: string })[] };
      return rows.find((row) => row.outcome === outcome);
    });
  const chat = async (key: string, headers = {}, model = 'gpt-4o') =>
    (
      await fetch(`${served.url.replace('ws', 'http')}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }], max_tokens: 50 }),
      })
    ).status;

  test('a session that its key may not have leaves a row', async () => {
    const headers = { authorization: 'Bearer secret-of-web' };
    const refused = await refusedUpgrade(`${served.url}/v1/realtime?model=other-model`, { headers });
    expect(refused.status).toBe(403);
    expect(await rowOf('model_not_allowed')).toMatchObject({
      ...{ kind: 'realtime', path: 'direct', key: 'web', team: 'apps', asked: 'other-model', gateway: 'openai' },
      ...{ class: 'realtime', costMicroUsd: 0, refusals: 1 },
    });
  });

  test('calls that policy, ceiling and rates refuse leave rows that are no calls', async () => {
    expect(await chat('secret-of-web')).toBe(402);
    expect(await rowOf('too_expensive')).toMatchObject({ kind: 'chat', key: 'web', class: 'tight', refusals: 1 });
    expect(await chat('secret-of-web', { 'x-trunkline-class': 'other' })).toBe(400);
    expect(await rowOf('unknown_class')).toMatchObject({ key: 'web', team: 'apps', refusals: 1 });
    expect(await chat('secret-of-web', {}, 'nobody/knows')).toBe(404);
    expect(await rowOf('model_not_found')).toMatchObject({ asked: 'nobody/knows' });
    await chat('secret-of-slow');
    expect(await chat('secret-of-slow')).toBe(429);
    expect(await rowOf('rate_limit_exceeded')).toMatchObject({ key: 'slow', costMicroUsd: 0 });
    const report = await (await fetch(`${served.admin}/ledger?by=outcome`)).json();
    expect(report).toMatchObject({
      rows: expect.arrayContaining([expect.objectContaining({ by: ['unknown_class'], calls: 0, refusals: 1 })]),
    });
    expect(await (await fetch(`${served.admin}/ledger?by=kind`)).json()).toMatchObject({ rows: [] });
  });

  test('who gave no key leaves none', async () => {
    expect(await chat('wrong')).toBe(401);
    await chat('secret-of-web', { 'x-trunkline-class': 'last' });
    const reply = await until(async () => {
      const { rows } = (await (await fetch(`${served.admin}/ledger/rows?limit=100`)).json()) as {
        rows: readonly LedgerRow[];
      };
      return rows.some(({ why }) => why?.includes('last')) ? rows : undefined;
    });
    expect(reply.map(({ outcome }) => outcome)).not.toContain('invalid_key');
  });
});
