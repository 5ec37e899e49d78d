// The sockets that a session has had of its provider, as its record lists them, over real sockets.

import { afterEach, expect, test } from 'vitest';
import { LegList } from '../../../../server/session/legs/leg-list.ts';
import { endCalls, survivingCall } from '../../../support/surviving-call.ts';
import { until } from '../../../support/until.ts';

afterEach(endCalls);

test('the record of a session lists its sockets, with what was used on each, and an estimate of a reply that one took with it', async () => {
  const onRequest: NonNullable<Parameters<typeof survivingCall>[0]>['onRequest'] = (of) =>
    of.reply(['Once', ' upon'], of.told.filter(({ type }) => type === 'response.create').length === 2);
  const { send, leg, types, client, gateway } = await survivingCall({ onRequest });
  const count = (type: string) => types().filter((each) => each === type).length;
  const first = await leg(1);
  send({ type: 'response.create' });
  await until(() => count('response.done') === 1);
  send({ type: 'response.create' });
  await until(() => count('response.output_audio.delta') === 4);
  first.ws.terminate();
  const second = await leg(2);
  send({ type: 'response.create' });
  await until(() => count('response.done') === 3);
  second.ws.close(1011);
  await leg(3);
  await until(() => count('response.done') === 3);
  client.close(1000);
  const { legs = [], usage } = await gateway.nextEnd();
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT/);
  const common = { provider: 'openai', startedAt: time, endedAt: time };
  expect(legs).toEqual([
    {
      ...{ ...common, number: 1, model: 'gpt-realtime-2.1', providerSession: 'sess_1' },
      ...{ reason: 'provider-lost', usage: expect.objectContaining({ outputTokens: expect.any(Number) }) },
      isEstimated: true,
    },
    {
      ...{ ...common, number: 2, model: 'gpt-realtime-2.1', providerSession: 'sess_2', reason: 'provider-closed' },
      usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3 },
    },
    { ...common, number: 3, model: 'gpt-realtime-2.1', providerSession: 'sess_3', reason: 'client-closed' },
  ]);
  // Two reports, and the estimate between them.
  const estimated = legs[0]?.usage?.totalTokens ?? 0;
  expect(estimated).toBeGreaterThan(3);
  expect(usage.totalTokens).toBe(estimated + 3);
});

test('the newest fifty are listed', () => {
  const list = new LegList({
    ...{ provider: 'openai', asked: undefined, isUsageOfLegs: true },
    usage: () => ({ model: undefined, usage: {} }),
    providerSession: () => undefined,
  });
  for (let number = 1; number < 52; number++) list.moved('due', false);
  expect(list.all.map(({ number }) => number)).toEqual(Array.from({ length: 50 }, (_, at) => at + 3));
  expect(list.all.map(({ reason }) => reason).slice(-2)).toEqual(['due', undefined]);
});

test('a session that ends with its provider lists none', async () => {
  const { client, gateway } = await survivingCall({}, {}, '/v1/realtime?model=gpt-realtime-2.1');
  client.close(1000);
  expect((await gateway.nextEnd()).legs).toBeUndefined();
});
