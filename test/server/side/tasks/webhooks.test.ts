// Tests messages to real HTTP servers: signed, tried again, given up, never sent where they may not go.

import { pino } from 'pino';
import { Webhook } from 'standardwebhooks';
import { afterEach, describe, expect, test } from 'vitest';
import type { Delivery, Task } from '../../../../server/ipc/stored-rows.ts';
import type { Store } from '../../../../server/side/store/contract/store.ts';
import { openStore } from '../../../../server/side/store/open.ts';
import { taskDeliveries } from '../../../../server/side/tasks/events.ts';
import { Webhooks, type WebhooksOptions } from '../../../../server/side/tasks/webhooks.ts';
import { queuedTask, sideConfig } from '../../../support/task-records.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { until } from '../../../support/until.ts';
import { receiver, type SeenMessage, status } from '../../../support/webhook-receiver.ts';

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const ends: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

type Hook = { url: string; secret?: string; allowPrivate?: boolean; timeoutMs?: number; giveUpMs?: number };

async function bench(hooks: readonly Hook[]) {
  const store = await openStore({ url: 'sqlite', dataDirectory: temporaryFolder('webhooks') });
  ends.push(() => store.close());
  const webhooks = hooks.map((hook) => ({ secret, allowPrivate: true, events: ['task.done' as const], ...hook }));
  const config = sideConfig({ webhooks, side: { pollMs: 20 } });
  const outcomes: string[] = [];
  const start = (options: Partial<WebhooksOptions> = {}) => {
    const made = new Webhooks({
      config,
      store,
      log: pino({ level: 'silent' }),
      metrics: { delivered: (_event, outcome) => void outcomes.push(outcome) },
      pausesMs: [10, 10, 10],
      ...options,
    });
    ends.push(() => made.close(50));
    return made;
  };
  return { store, config, outcomes, start, finish: (id: string) => finish(store, id, config) };
}

/** Ends a task with its messages, as a runner does; returns them. */
async function finish(store: Store, id: string, config: ReturnType<typeof sideConfig>): Promise<readonly Delivery[]> {
  await store.addTask(queuedTask({ id }));
  const now = Date.now();
  const [task] = await store.claimTasks(now, now + 60_000, 1);
  const result = '{"title":"A title"}';
  const deliveries = taskDeliveries({ ...(task as Task), state: 'done', result }, config, now);
  await store.settleTask({ id, version: task?.version ?? 0, state: 'done', result, at: now, deliveries });
  return deliveries;
}

/** Claims all messages that still wait, now or later, those on their way too: for when nothing is sent any more. */
const waiting = (store: Store) =>
  store.claimDeliveries({ now: Number.MAX_SAFE_INTEGER / 1000, leaseUntil: Date.now(), count: 1000 });

describe('a message', () => {
  test.each([secret, 'a-secret-in-plain-text'])(
    'a message is signed as the specification of Standard Webhooks says (%s)',
    async (given) => {
      const { url, seen } = await receiver(status(204));
      const { store, start, finish, outcomes } = await bench([{ url, secret: given }]);
      const [delivery] = await finish('task-1');
      start();
      await until(() => outcomes.length === 1);
      const { headers, body } = seen[0] as SeenMessage;
      const verifier = given === secret ? new Webhook(given) : new Webhook(given, { format: 'raw' });
      expect(verifier.verify(body, headers)).toMatchObject({
        type: 'task.done',
        data: { id: 'task-1', kind: 'title', state: 'done', result: { title: 'A title' }, isRehearsal: false },
      });
      expect(() => verifier.verify(`${body} `, headers)).toThrow();
      expect(headers['webhook-id']).toBe(delivery?.id);
      expect(headers['content-type']).toBe('application/json');
      expect(outcomes).toEqual(['delivered']);
      expect(await waiting(store)).toEqual([]);
    },
  );

  test('a message is sent again with the same id until it is taken', async () => {
    const { url, seen } = await receiver((response, number) => status(number < 3 ? 500 : 200)(response));
    const { start, finish, outcomes } = await bench([{ url }]);
    await finish('task-1');
    start();
    await until(() => outcomes.at(-1) === 'delivered');
    expect(outcomes).toEqual(['failed', 'failed', 'delivered']);
    expect(new Set(seen.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  });

  test('a message is given up at its age, however often it was sent', async () => {
    const { url, seen } = await receiver(status(500));
    const { store, start, finish, outcomes } = await bench([{ url, giveUpMs: 1500 }]);
    const startedAt = Date.now();
    await finish('task-1');
    start();
    await until(() => outcomes.at(-1) === 'given_up');
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(1500);
    expect(seen.length).toBeGreaterThan(4);
    expect(await waiting(store)).toEqual([]);
  });

  test('a message is sent every five minutes at least, though its receiver was away for hours', async () => {
    const { url } = await receiver(status(500));
    const { store, start, finish, outcomes } = await bench([{ url }]);
    const [delivery] = await finish('task-1');
    await store.settleDelivery(delivery?.id ?? '', 500, Date.now());
    start({ pausesMs: undefined });
    await until(() => outcomes.length === 1);
    expect(outcomes).toEqual(['failed']);
    const inSixMinutes = { now: Date.now() + 6 * 60_000, leaseUntil: 0, count: 1 };
    expect(await store.claimDeliveries(inSixMinutes)).toMatchObject([{ attempts: 501 }]);
  });

  test('a message is given up at once where the receiver is gone (410)', async () => {
    const { url, seen } = await receiver(status(410));
    const { start, finish, outcomes } = await bench([{ url }]);
    await finish('task-1');
    start();
    await until(() => outcomes.length === 1);
    expect(outcomes).toEqual(['given_up']);
    expect(seen).toHaveLength(1);
  });

  test.each([429, 503])('a message waits as long as a %d asks for, up to a bound', async (code) => {
    const { url } = await receiver(status(code, { 'retry-after': '7200' }));
    const { store, start, finish, outcomes } = await bench([{ url }]);
    await finish('task-1');
    start({ maxRetryAfterMs: 5_000_000 });
    await until(() => outcomes.length === 1);
    const [message] = await store.claimDeliveries({ now: Date.now() + 4_900_000, leaseUntil: 0, count: 1 });
    expect(message).toBeUndefined();
    expect(await store.claimDeliveries({ now: Date.now() + 5_100_000, leaseUntil: 0, count: 1 })).toHaveLength(1);
  });

  test('a message never follows a redirect', async () => {
    const other = await receiver(status(200));
    const { url, seen } = await receiver(status(307, { location: other.url }));
    const { start, finish, outcomes } = await bench([{ url }]);
    await finish('task-1');
    start({ pausesMs: [60_000] });
    await until(() => outcomes.at(-1) === 'failed');
    expect(seen).toHaveLength(1);
    expect(other.seen).toEqual([]);
  });

  test.each([
    ['127.0.0.1', 'http://127.0.0.1'],
    ['a name', 'http://localhost'],
    ['another spelling', 'http://0x7f000001'],
  ])('a message never goes to a private address (%s)', async (_name, origin) => {
    const { url, seen } = await receiver(status(200));
    const { start, finish, outcomes } = await bench([
      { url: `${origin}:${new URL(url).port}/hook`, allowPrivate: false },
    ]);
    await finish('task-1');
    start({ pausesMs: [60_000] });
    await until(() => outcomes.length === 1);
    expect(outcomes).toEqual(['failed']);
    expect(seen).toEqual([]);
  });

  test('a message to a receiver that is not there, or never answers, is tried again', async () => {
    const silent = await receiver(() => {});
    const { store, start, finish, outcomes } = await bench([
      { url: 'http://127.0.0.1:1/hook' },
      { url: silent.url, timeoutMs: 50 },
    ]);
    await finish('task-1');
    start({ pausesMs: [60_000] });
    await until(() => outcomes.length === 2);
    expect(outcomes).toEqual(['failed', 'failed']);
    expect(await waiting(store)).toMatchObject([{ attempts: 1 }, { attempts: 1 }]);
  });

  test('a message to a URL that is not configured any more is given up', async () => {
    const { url, seen } = await receiver(status(200));
    const { store, start, config, outcomes } = await bench([]);
    await finish(store, 'task-1', {
      ...config,
      webhooks: [
        { url, secret, events: ['task.done'], regulated: 'ids', allowPrivate: true, timeoutMs: 100, giveUpMs: 1 },
      ],
    });
    start();
    await until(() => outcomes.length === 1);
    expect(outcomes).toEqual(['given_up']);
    expect(seen).toEqual([]);
  });

  test('a message is delivered with the status, though the body of the answer never ends', async () => {
    const { url } = await receiver((response) => void response.writeHead(200).write('thanks, and '));
    const { start, finish, outcomes } = await bench([{ url, timeoutMs: 60_000 }]);
    start();
    await finish('flowing');
    await until(() => outcomes.length > 0);
    expect(outcomes).toEqual(['delivered']);
  });

  test('an answer without end is cut off', async () => {
    const { url } = await receiver((response) => {
      response.writeHead(200);
      const more = setInterval(() => response.write('x'.repeat(65_536)), 1);
      response.on('close', () => clearInterval(more));
    });
    const { start, finish, outcomes } = await bench([{ url, timeoutMs: 60_000 }]);
    await finish('task-1');
    start();
    await until(() => outcomes.length === 1);
    expect(outcomes).toEqual(['delivered']);
  });
});

describe('many messages', () => {
  test('messages to a slow receiver are sent a few at once, and hold up no others', async () => {
    const slow = await receiver(() => {});
    const quick = await receiver(status(200));
    const { start, store, config, finish } = await bench([{ url: slow.url, timeoutMs: 60_000 }]);
    for (let number = 0; number < 60; number++) await finish(`slow-${number}`);
    const hook = {
      ...{ url: quick.url, secret, events: ['task.done' as const], regulated: 'ids' as const },
      ...{ allowPrivate: true, timeoutMs: 1000, giveUpMs: 60_000 },
    };
    const both = { ...config, webhooks: [...config.webhooks, hook] };
    const late = taskDeliveries(queuedTask({ id: 'quick', state: 'done' }), { webhooks: [hook] }, Date.now());
    await store.commitSessions({ deliveries: late.map((delivery) => ({ ...delivery, session: 'none' })) });
    start({ config: both, maxPerUrl: 3, maxRequests: 8 });
    await until(() => quick.seen.length === 1);
    expect(slow.count.mostOpen).toBe(3);
  });

  test('messages are sent once, though two instances look for them', async () => {
    const { url, seen } = await receiver(status(200));
    const { store, start, finish, outcomes } = await bench([{ url }]);
    for (let number = 0; number < 50; number++) await finish(`task-${number}`);
    start();
    start();
    // Asking the store earlier would take the leases of messages that are on their way, and they would be sent again.
    await until(() => outcomes.length >= 50);
    expect(await waiting(store)).toEqual([]);
    expect(new Set(seen.map(({ headers }) => headers['webhook-id'])).size).toBe(50);
    expect(seen).toHaveLength(50);
  });
});

test('closing gives back messages that are on their way', async () => {
  const { url, seen } = await receiver(() => {});
  const { store, start, finish } = await bench([{ url, timeoutMs: 60_000 }]);
  await finish('task-1');
  const webhooks = start();
  await until(() => seen.length === 1);
  await webhooks.close(20);
  expect(await store.claimDeliveries({ now: Date.now(), leaseUntil: Date.now(), count: 10 })).toMatchObject([
    { attempts: 0 },
  ]);
});

test('a secret that cannot sign sends nothing, and holds up no other webhook', async () => {
  const [good, bad] = [await receiver(status(204)), await receiver(status(204))];
  const { start, finish, outcomes } = await bench([{ url: bad.url, secret: 'whsec_###' }, { url: good.url }]);
  await finish('task-1');
  start();
  await until(() => outcomes.includes('delivered') && outcomes.includes('failed'));
  expect([good.seen.length, bad.seen.length]).toEqual([1, 0]);
});

test('messages for a receiver that hangs stay in the store, and are not claimed again and again', async () => {
  const { url, seen } = await receiver(() => {});
  const { store, start, finish } = await bench([{ url, timeoutMs: 60_000 }]);
  for (let count = 0; count < 150; count += 1) await finish(`task-${count}`);
  let moved = 0;
  start({ store: { ...store, settleDelivery: async () => void moved++ } });
  await until(() => seen.length === 4);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(moved).toBeLessThan(32);
});
