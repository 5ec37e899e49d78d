// The breaker of an account: what opens it, what it does to sessions of models with several targets and of those with none, and what closes it.

import { afterEach, describe, expect, test, vi } from 'vitest';
import { Breakers } from '../../../../server/gateway/targets/breakers.ts';
import type { ConnectOutcome } from '../../../../server/transport/connector.ts';

const PAUSE_MS = 10_000;
const options = { leastCalls: 3, share: 0.5, windowMs: 60_000, pauseMs: PAUSE_MS };
const signal = new AbortController().signal;
const own = { account: 'one', isOwn: true, signal };
const reached = { connection: 'cold', ms: 1 } as const;
const open = { kind: 'open', ...reached } as ConnectOutcome;
const failed = (code: 'upstream_timeout' | 'upstream_unreachable' | 'out_of_descriptors'): ConnectOutcome => ({
  ...{ kind: 'failed', refusal: { status: 502, code, message: 'scripted' } },
  ...reached,
});
const refused = (status: number, headers = {}): ConnectOutcome => ({
  ...{ kind: 'refused', reply: { status, headers, body: '' } },
  ...reached,
});

afterEach(() => {
  vi.useRealTimers();
});

async function dials(breakers: Breakers, outcome: ConnectOutcome, times = 1): Promise<void> {
  for (let dial = 0; dial < times; dial++) await breakers.watch(own, async () => outcome);
}

test.each([failed('upstream_timeout'), failed('upstream_unreachable'), refused(500), refused(503)])(
  'opens after enough dials that say that the account is ill, for that account alone: %j',
  async (outcome) => {
    const breakers = new Breakers(options);
    await dials(breakers, outcome, 2);
    expect(breakers.blocked('one')).toBeUndefined();
    await dials(breakers, outcome);
    expect(breakers.blocked('one')).toBe('breaker_open');
    expect(breakers.isOpen('one')).toBe(true);
    expect(breakers.blocked('two')).toBeUndefined();
  },
);

test.each([refused(400), refused(401), refused(404), refused(429), failed('out_of_descriptors'), open])(
  'stays closed for what says nothing of its health: %j',
  async (outcome) => {
    const breakers = new Breakers(options);
    await dials(breakers, outcome, 20);
    expect(breakers.isOpen('one')).toBe(false);
  },
);

test('stays closed for clients that leave', async () => {
  const breakers = new Breakers(options);
  const left = AbortSignal.abort();
  for (let dial = 0; dial < 5; dial++)
    await breakers.watch({ ...own, signal: left }, async () => failed('upstream_unreachable'));
  expect(breakers.isOpen('one')).toBe(false);
});

test('leaves one dial through after its pause, and closes when that succeeds', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const breakers = new Breakers(options);
  await dials(breakers, failed('upstream_unreachable'), 3);
  vi.setSystemTime(Date.now() + PAUSE_MS + 1);
  expect(breakers.blocked('one')).toBeUndefined();
  const trial = Promise.withResolvers<ConnectOutcome>();
  const tried = breakers.watch(own, () => trial.promise);
  expect(breakers.blocked('one')).toBe('breaker_open');
  trial.resolve(open);
  await tried;
  expect(breakers.isOpen('one')).toBe(false);
});

test('closes, too, when a session that has nowhere else to go is served while it is open', async () => {
  const breakers = new Breakers(options);
  await dials(breakers, failed('upstream_unreachable'), 3);
  await dials(breakers, open);
  expect(breakers.isOpen('one')).toBe(false);
});

test('an account that is busy is left alone for as long as it says, a minute at most, and is up', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const breakers = new Breakers(options);
  await dials(breakers, refused(429, { 'retry-after': '3600' }));
  expect([breakers.blocked('one'), breakers.isOpen('one')]).toEqual(['rate_limited', false]);
  vi.setSystemTime(Date.now() + 60_001);
  expect(breakers.blocked('one')).toBeUndefined();
});

test('is forgotten with its account', async () => {
  const breakers = new Breakers(options);
  await dials(breakers, refused(503), 3);
  breakers.keep(['two']);
  expect(breakers.isOpen('one')).toBe(false);
});

test('a dial that throws neither opens it nor holds it', async () => {
  const breakers = new Breakers(options);
  const thrown = breakers.watch(own, () => Promise.reject(new Error('scripted')));
  await expect(thrown).rejects.toThrow('scripted');
  expect(breakers.blocked('one')).toBeUndefined();
});

test('a client whose own credential is at its limit keeps nobody else back', async () => {
  const breakers = new Breakers(options);
  const busy = refused(429, { 'retry-after': '30' });
  await breakers.watch({ ...own, isOwn: false }, async () => busy);
  expect(breakers.blocked('one')).toBeUndefined();
  await breakers.watch(own, async () => busy);
  expect(breakers.blocked('one')).toBe('rate_limited');
});

describe('a probe', () => {
  const verdict = { account: 'one', at: 0, outcome: 'open', said: '', health: 'well', pauseMs: 0 } as const;
  const ill = { ...verdict, outcome: 'failed', health: 'ill' } as const;

  test('that fails opens it at once, for the usual pause', () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const breakers = new Breakers(options);
    breakers.probed(ill);
    expect(breakers.blocked('one')).toBe('breaker_open');
    vi.setSystemTime(Date.now() + PAUSE_MS + 1);
    expect([breakers.blocked('one'), breakers.isOpen('one')]).toEqual([undefined, true]);
    breakers.probed(ill);
    expect(breakers.blocked('one')).toBe('breaker_open');
  });

  test('that succeeds closes it, whoever opened it', async () => {
    const breakers = new Breakers(options);
    await dials(breakers, refused(503), 3);
    breakers.probed(verdict);
    expect(breakers.isOpen('one')).toBe(false);
  });

  test('that fails is one dial of many where sessions were served lately', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const breakers = new Breakers(options);
    await dials(breakers, open, 2);
    breakers.probed(ill);
    expect(breakers.isOpen('one')).toBe(false);
    breakers.probed(ill);
    expect(breakers.isOpen('one')).toBe(true);
    breakers.probed(verdict);
    vi.setSystemTime(Date.now() + options.windowMs + 1);
    breakers.probed(ill);
    expect(breakers.isOpen('one')).toBe(true);
  });

  test('that never dialled says nothing, and one that is told to wait lets others wait', async () => {
    const breakers = new Breakers(options);
    await dials(breakers, refused(503), 3);
    breakers.probed({ ...ill, health: 'unknown' });
    expect(breakers.isOpen('one')).toBe(true);
    breakers.probed({ ...verdict, account: 'two', outcome: 'refused', pauseMs: 30_000 });
    expect(breakers.blocked('two')).toBe('rate_limited');
  });
});

test('tells of each account how it is, and what it was that said so', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-01-01T00:00:00Z') });
  const breakers = new Breakers(options);
  const report = () => breakers.report(['one'])[0];
  expect(report()).toEqual({ name: 'one', state: 'unknown', reason: 'not dialled yet' });
  await dials(breakers, refused(401));
  const at = '2026-01-01T00:00:00.000Z';
  expect(report()).toEqual({ name: 'one', state: 'up', reason: `last seen at ${at} by a dial: HTTP 401` });
  await dials(breakers, failed('upstream_timeout'), 3);
  const open = 'breaker open until 2026-01-01T00:00:10.000Z after a dial: upstream_timeout';
  expect(report()).toEqual({ name: 'one', state: 'down', reason: open });
  const probed = { account: 'one', at: Date.now(), outcome: 'failed', health: 'unknown', pauseMs: 0 } as const;
  breakers.probed({ ...probed, said: 'no credential: scripted' });
  expect(report()?.reason).toBe(`${open}; last probe at ${at}: no credential: scripted`);
  breakers.probed({ ...probed, outcome: 'refused', said: 'HTTP 429', health: 'well', pauseMs: 5000 });
  expect(report()).toEqual({
    ...{ name: 'one', state: 'up' },
    reason: `last seen at ${at} by a probe: HTTP 429; left alone until 2026-01-01T00:00:05.000Z, as it asked; last probe at ${at}: HTTP 429`,
  });
});
