// Tests when a session that is about to open begins to hold a part of its budgets.

import { expect, test } from 'vitest';
import type { Admission } from '../../../../server/gateway/admission/admission.ts';
import { admit } from '../../../../server/gateway/admission/admit.ts';
import { leashOf, type OpeningLeash } from '../../../../server/gateway/money/leash.ts';
import { SessionPrices } from '../../../../server/gateway/money/prices.ts';
import { policyOf, requestOf } from '../../../support/admissions.ts';

test('a session holds nothing of its budgets before its provider is dialled, since it may find no place', async () => {
  const policy = policyOf({
    keys: [{ id: 'web', secret: 'secret-of-web', maxSessions: 1 }],
    budgets: [{ key: 'web', window: 'total', maxUsd: 1 }],
    providers: { openai: { apiKey: 'provider-secret' } },
  });
  const headers = { authorization: 'Bearer secret-of-web' };
  const admission = (await admit(requestOf('/v1/realtime?model=gpt-realtime-2.1', headers), policy, {
    address: '',
    isUpgrade: false,
  })) as Admission;
  const held: unknown[] = [];
  const slices = { takeSlices: async () => ({ grantedMicroUsd: 100 }), recoverLeases: async () => {} } as never;
  const means = {
    prices: new SessionPrices(),
    slices,
    onFunds: (funds: unknown) => held.push(funds),
    onClosed: () => {},
  };
  const leash = (await leashOf(admission, means)) as OpeningLeash;
  expect(leash.funds).toBeDefined();
  expect(held).toEqual([]);
  leash.open()?.catch(() => {});
  expect(held).toEqual([leash.funds]);
});
