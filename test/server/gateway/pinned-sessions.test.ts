// The ways round what a client secret pins, tried at a gateway: none of them reaches the provider, and the session goes on.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { closed } from '../../support/inbox.ts';
import { type Bypass, bytesOf, dialectAt, type PinPolicy } from '../../support/pin-policy/cases.ts';
import {
  inFragments,
  inManyFrames,
  isUpdated,
  openPolicy,
  type PinnedClient,
  type PinnedGateway,
  refusal,
  send,
  startPinnedGateway,
  whole,
} from '../../support/pin-policy/gateway.ts';
import { policies } from '../../support/pin-policy/index.ts';
import { until } from '../../support/until.ts';

let gateway: PinnedGateway;
let slow: PinnedGateway;

beforeAll(async () => {
  gateway = await startPinnedGateway();
  slow = await startPinnedGateway({ isSlow: true });
});
afterAll(() => Promise.all([gateway.close(), slow.close()]));

/** The message with which the gateway itself ends a session that reports its use at its end. */
function asked({ path }: PinPolicy): readonly string[] {
  const { ask, comesWith } = dialectAt(path.split('?')[0] ?? '').lastUsage ?? {};
  return ask === undefined || comesWith === undefined ? [] : [textOf(Buffer.from(ask.data))];
}

const sum = policies.reduce((count, [, { bypasses }]) => count + bypasses.length, 0);
const textOf = (data: Buffer) => data.toString('latin1');
const sentOf = (message: PinPolicy['innocent'][number]) =>
  typeof message === 'object' && 'sound' in message ? message.sound : bytesOf(message);

test('there are more than enough of them', () => {
  expect(sum).toBeGreaterThan(600);
});

type Deliver = (ws: PinnedClient['ws'], bypass: Bypass) => void;

describe.each(policies)('%s', (_, policy) => {
  const { bypasses, innocent, merged = [] } = policy;
  const small = bypasses.filter(({ isLarge }) => isLarge !== true);

  /** Sends each, and something innocent behind it: that alone arrives. */
  async function tryAll(tried: readonly Bypass[], deliver: Deliver): Promise<void> {
    const client = await openPolicy(gateway, policy);
    const [probe = ''] = innocent;
    const before = client.arrived.length;
    const codes: string[] = [];
    for (const bypass of tried) {
      deliver(client.ws, bypass);
      send(client.ws, probe);
      codes.push(await refusal(client.ws));
    }
    await until(() => client.arrived.length >= before + tried.length);
    expect(codes.filter((code) => code !== 'pinned')).toEqual([]);
    expect(new Set(client.arrived.slice(before).map(textOf))).toEqual(new Set([textOf(sentOf(probe))]));
    expect(client.arrived).toHaveLength(before + tried.length);
    client.ws.close();
  }

  /** Without an error event each ends its session. */
  async function tryEach(tried: readonly Bypass[], deliver: Deliver): Promise<void> {
    for (const bypass of tried) {
      const client = await openPolicy(gateway, policy);
      deliver(client.ws, bypass);
      send(client.ws, innocent[0] ?? '');
      expect((await closed(client.ws)).code, bypass.what).toBe(1008);
      expect(client.arrived, bypass.what).toHaveLength(1);
    }
  }

  const attempt = policy.endsAtRefusal ? tryEach : tryAll;

  test('none reaches the provider, and the session goes on where it can', () => attempt(bypasses, whole));

  test('none reaches the provider in fragments with pings between them', () => attempt(small, inFragments));

  test('none reaches the provider in many frames', () =>
    attempt(small.filter(({ payload }) => bytesOf(payload).length > 0).slice(0, 4), inManyFrames));

  test('none reaches the provider ahead of a close', async () => {
    const client = await openPolicy(gateway, policy);
    const before = client.arrived.length;
    for (const bypass of small) whole(client.ws, bypass);
    client.ws.close(1000);
    await closed(client.ws);
    // The gateway may ask for the last usage itself.
    expect(client.arrived.slice(before).map(textOf)).toEqual(asked(policy));
  });

  test.runIf(isUpdated(policy))(
    'none reaches the provider while the gateway waits for its answer, or afterwards',
    async () => {
      const client = await openPolicy(slow, policy);
      for (const bypass of small) whole(client.ws, bypass);
      for (const message of innocent) send(client.ws, message);
      client.answer();
      for (const { what } of small) expect(await refusal(client.ws), what).toBe('pinned');
      await until(() => client.arrived.length > innocent.length);
      expect(client.arrived.slice(1).map(textOf)).toEqual(innocent.map(sentOf).map(textOf));
      client.ws.close();
    },
  );

  test.runIf(isUpdated(policy))('none reaches a provider that never answers, ahead of a close', async () => {
    const client = await openPolicy(slow, policy);
    for (const bypass of small.slice(0, 20)) whole(client.ws, bypass);
    client.ws.close(1000);
    expect((await closed(client.ws)).code).toBe(1000);
    expect(client.arrived).toHaveLength(1);
  });

  test('where nothing is pinned they reach it', async () => {
    const client = await gateway.open(policy.path, undefined);
    for (const bypass of small) whole(client.ws, bypass);
    await until(() => client.arrived.length === small.length);
    client.ws.close();
  });

  test('innocent messages arrive in their own bytes, and those that apply what is pinned with it', async () => {
    const client = await openPolicy(gateway, policy);
    const before = client.arrived.length;
    for (const message of innocent) send(client.ws, message);
    await until(() => client.arrived.length === before + innocent.length);
    expect(client.arrived.slice(before).map(textOf)).toEqual(innocent.map(sentOf).map(textOf));
    for (const [message, passed] of merged) {
      send(client.ws, message);
      const at = client.arrived.length;
      await until(() => client.arrived.length > at);
      expect(JSON.parse(String(client.arrived.at(-1)))).toEqual(passed);
    }
    client.ws.close();
  });
});
