// The model list of a key over a whole session: refused frames never reach the provider, all others arrive unchanged.

import { isUtf8 } from 'node:buffer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Dialect } from '../../../adapters/realtime/contract/dialect.ts';
import { providers } from '../../../adapters/realtime/index.ts';
import { openClient, startGateway, type TestGateway } from '../../support/gateway.ts';
import { closed, message } from '../../support/inbox.ts';
import { sampleOf } from '../../support/metrics.ts';
import { audioLookAlikes } from '../../support/model-policy/audio-look-alikes.ts';
import { bytesOf, FORBIDDEN, realtime, updateText } from '../../support/model-policy/frames.ts';
import { innocent } from '../../support/model-policy/innocent.ts';
import * as others from '../../support/model-policy/other-bypasses.ts';
import { realtimeBypasses } from '../../support/model-policy/realtime-bypasses.ts';
import { type FakeProvider, startProvider } from '../../support/provider.ts';

const listed = { authorization: 'Bearer secret-with-list' };
const unlisted = { authorization: 'Bearer secret-without' };
const everything = { authorization: 'Bearer secret-of-all' };
let provider: FakeProvider;
let gateway: TestGateway;

beforeAll(async () => {
  provider = await startProvider();
  const keys = [
    { id: 'listed', secret: 'secret-with-list', models: ['openai/allowed', 'gemini/allowed'] },
    { id: 'unlisted', secret: 'secret-without' },
    { id: 'everything', secret: 'secret-of-all', models: ['openai/*', 'gemini/*'] },
  ];
  // These frames name ids that nobody was given.
  const account = { baseUrl: provider.url, apiKey: 'provider-secret', allowPrivate: true, bindIds: false };
  const accounts = Object.fromEntries([...providers.keys()].map((name) => [name, account]));
  // The provider of this suite does not answer when Live is asked for its last usage.
  gateway = await startGateway({ providers: accounts, keys, limits: { usageMs: 50 } });
});
afterAll(async () => {
  await gateway.close();
  await provider.close();
});

function targetOf(dialect: Dialect): string {
  const routes = [...providers.values()].flatMap((adapter) => adapter.endpoints);
  const route = routes.find((candidate) => candidate.dialect === dialect);
  return `${route?.path}?model=allowed`;
}

async function open(dialect: Dialect, headers: Record<string, string>) {
  const client = await openClient(gateway.url + targetOf(dialect), { headers });
  return { client, upstream: await provider.next() };
}

const bypasses = [
  ...realtimeBypasses,
  ...audioLookAlikes,
  ...others.liveBypasses,
  ...others.responsesBypasses,
  ...others.geminiBypasses,
  ...others.translationBypasses,
  ...others.openModels,
];

describe('for a key with a list', () => {
  test.each(bypasses)(
    'refuses %s, ends the session, and passes only the frames before it',
    async (_, dialect, payload) => {
      const bytes = bytesOf(payload);
      for (const binary of isUtf8(bytes) ? [false, true] : [true]) {
        const { client, upstream } = await open(dialect, listed);
        client.send('before');
        client.send(bytes, { binary });
        client.send('after');
        expect((await message(upstream)).data.toString()).toBe('before');
        const { code, reason } = await closed(client);
        expect(code).toBe(1008);
        expect(reason).not.toBe('');
        expect(await closed(upstream)).toEqual({ code: 1001, reason: 'the session ended' });
        const record = await gateway.nextEnd();
        expect(record).toMatchObject({ reason: 'frame-refused', closeCode: 1008, frames: { upstream: 1 } });
        expect(record.mayRetry).toBe(false);
      }
    },
  );

  test.each(innocent)('passes %s unchanged', async (_, dialect, payload) => {
    const bytes = bytesOf(payload);
    for (const binary of isUtf8(bytes) ? [false, true] : [true]) {
      const { client, upstream } = await open(dialect, listed);
      client.send(bytes, { binary });
      const got = await message(upstream);
      expect([got.binary, got.data.equals(bytes)]).toEqual([binary, true]);
      client.close();
      await gateway.nextEnd();
    }
  });

  test('refuses with an error event in the shape of the provider, then with a close', async () => {
    const { client } = await open(realtime, listed);
    client.send(JSON.stringify({ event_id: 'evt_1', ...JSON.parse(updateText) }));
    const event = JSON.parse((await message(client)).data.toString());
    expect(event).toMatchObject({
      type: 'error',
      error: {
        type: 'invalid_request_error',
        code: 'model_not_allowed',
        message: `this key may not use the model ${FORBIDDEN}`,
        event_id: 'evt_1',
      },
    });
    expect(await closed(client)).toEqual({ code: 1008, reason: `this key may not use the model ${FORBIDDEN}` });
    await gateway.nextEnd();
    const { registry } = gateway.gateway.metrics;
    const labels = { code: 'model_not_allowed', status: 1008 };
    expect(await sampleOf(registry, 'trunkline_refusals_total', labels)).toBeGreaterThan(0);
  });

  test('closes with 1008 for a refused model of any length', async () => {
    const { client } = await open(realtime, listed);
    client.send(JSON.stringify({ type: 'session.update', session: { model: '語'.repeat(5000) } }));
    const { code, reason } = await closed(client);
    expect(code).toBe(1008);
    expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
    await gateway.nextEnd();
  });
});

describe.each([
  ['without a list', unlisted],
  ['whose list is everything', everything],
])('for a key %s', (_, headers) => {
  test('passes any model', async () => {
    const { client, upstream } = await open(realtime, headers);
    client.send(updateText);
    expect((await message(upstream)).data.toString()).toBe(updateText);
    client.close();
    await gateway.nextEnd();
  });
});

test('reads nothing without a list: duplicate keys and endless nesting pass, too', async () => {
  const { client, upstream } = await open(realtime, unlisted);
  for (const text of ['{"type":"a","type":"b"}', '['.repeat(100_000), '{"model":']) {
    client.send(text);
    expect((await message(upstream)).data.toString()).toBe(text);
  }
  client.close();
  await gateway.nextEnd();
});
