// Suite of messages that wait for their webhook.

import { expect, test } from 'vitest';
import type { Store } from '../../../../../server/side/store/contract/store.ts';
import { ARMED, aDelivery, aTask, NOON } from '../../../../support/side-records.ts';
import type { Stores } from '../../../../support/stores.ts';

async function withDeliveries(store: Store, count: number): Promise<void> {
  await store.addTask(aTask('t'));
  await store.claimTasks(NOON, ARMED, 1);
  const deliveries = Array.from({ length: count }, (_, index) => aDelivery(`d${index}`, { nextAt: NOON + index }));
  await store.settleTask({ id: 't', version: 1, state: 'done', at: NOON, deliveries });
}

export function deliveries({ open, beside }: Stores): void {
  test('leases each message to one sender when it is due', async () => {
    const store = await open();
    await withDeliveries(store, 3);
    expect(await store.claimDeliveries({ now: NOON - 1, leaseUntil: ARMED, count: 9 })).toEqual([]);
    const other = await beside(store);
    const leased = await Promise.all(
      [store, other].map((one) => one.claimDeliveries({ now: NOON + 1, leaseUntil: NOON + 100, count: 9 })),
    );
    expect(
      leased
        .flat()
        .map(({ id }) => id)
        .sort(),
    ).toEqual(['d0', 'd1']);
    expect(await store.claimDeliveries({ now: NOON + 100, leaseUntil: ARMED, count: 9 })).toHaveLength(3);
  });

  test('leases a message again at its time, until it is delivered', async () => {
    const store = await open();
    await withDeliveries(store, 1);
    expect(await store.claimDeliveries({ now: NOON, leaseUntil: ARMED, count: 9 })).toEqual([
      aDelivery('d0', { nextAt: ARMED }),
    ]);
    await store.settleDelivery('d0', 1, NOON + 50);
    expect(await store.claimDeliveries({ now: NOON + 49, leaseUntil: ARMED, count: 9 })).toEqual([]);
    expect(await store.claimDeliveries({ now: NOON + 50, leaseUntil: ARMED, count: 9 })).toMatchObject([
      { attempts: 1, body: '{"type":"task.done"}' },
    ]);
    await store.settleDelivery('d0', 2, undefined);
    expect(await store.claimDeliveries({ now: ARMED * 2, leaseUntil: ARMED * 2, count: 9 })).toEqual([]);
    await store.settleDelivery('d0', 1, NOON);
    expect(await store.claimDeliveries({ now: ARMED * 2, leaseUntil: ARMED * 2, count: 9 })).toEqual([]);
  });
}
