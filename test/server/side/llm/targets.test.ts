// The rehearsal as a target of the router.

import { describe, expect, test } from 'vitest';
import { answered, call, failed, gateway, routing } from '../../../support/routing.ts';

describe('the rehearsal', () => {
  const rehearsal = { promptClass: 'rehearsal', isRehearsal: true } as const;

  test('answers rehearsals where no gateway is configured, free of charge and marked', async () => {
    const a = await gateway();
    const url = a.baseUrl.replace(/^http/, 'ws').replace('/v1', '');
    const budgets = [{ window: 'day' as const, maxUsd: 0 }];
    const { router, store } = routing({ budgets }, { hasRehearsalGateway: true, rehearsalUrl: () => url });
    expect(answered(await router.run(call({ ...rehearsal, dataClass: 'regulated' })))).toMatchObject({
      gateway: 'rehearsal',
      isRehearsal: true,
    });
    expect(a.seen[0]?.path).toBe('/v1/chat/completions');
    expect(await store.settled()).toMatchObject([
      { isRehearsal: true, costMicroUsd: 0, costSource: 'reported', path: 'routed', usage: { inputTokens: 10 } },
    ]);
    expect(answered(await router.run(call({ promptClass: 'rehearsal', model: 'gpt-5' }))).isRehearsal).toBe(true);
  });

  test('answers no task of a real session', async () => {
    const { router } = routing({}, { hasRehearsalGateway: true, rehearsalUrl: () => 'http://127.0.0.1:9' });
    const outcome = await router.run(call({ promptClass: 'rehearsal', kind: 'task' }));
    expect(failed(outcome)).toMatchObject({ code: 'no_gateway' });
  });

  test('gives a transient failure while it does not run', async () => {
    const { router } = routing({}, { hasRehearsalGateway: true });
    expect(failed(await router.run(call(rehearsal)))).toMatchObject({ code: 'no_gateway', isTransient: true });
  });
});
