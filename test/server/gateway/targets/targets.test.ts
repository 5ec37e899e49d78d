// The turn of the targets of a model: weights, terms, lists of keys, credentials that cannot be had, ill accounts; and the time of each.

import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { ModelTarget } from '../../../../server/config/config.ts';
import type { Admission, AdmissionPolicy } from '../../../../server/gateway/admission/admission.ts';
import { admit } from '../../../../server/gateway/admission/admit.ts';
import { Targets } from '../../../../server/gateway/targets/targets.ts';
import { isRefusal } from '../../../../server/http/request/refusals.ts';
import { policyOf, requestOf } from '../../../support/admissions.ts';

const account = { kind: 'openai', apiKey: 'key-of-account' };
const providers = { one: account, two: account, three: account };
const VOICE = '/v1/realtime?model=voice';

/** `headers['trunkline-session']` is a parameter of the query. */
async function decide(policy: AdmissionPolicy, { 'trunkline-session': id, ...headers }: Record<string, string> = {}) {
  const target = id === undefined ? VOICE : `${VOICE}&trunkline-session=${id}`;
  return admit(requestOf(target, headers), policy, { address: '127.0.0.1', isUpgrade: false });
}

/** The targets in the order in which they are taken. */
async function turns(policy: AdmissionPolicy, headers: Record<string, string> = {}): Promise<string[]> {
  const found: string[] = [];
  for (let next = await decide(policy, headers); !isRefusal(next); next = (await next.targets?.next()) as Admission)
    found.push(`${next.provider.name}/${next.model}`);
  return found;
}

const voice = (...targets: unknown[]) => ({ providers, models: { voice: targets } });
const weighed = (provider: string, weight?: number) => ({ provider, model: 'm', ...(weight && { weight }) });

describe('the order', () => {
  test('is that of the file where there are no weights', async () => {
    expect(await turns(policyOf(voice('two/b', 'one/a', 'three/c')))).toEqual(['two/b', 'one/a', 'three/c']);
  });

  test('is drawn by weight for each session, the same way for the same one, and those without a weight come last', async () => {
    const policy = policyOf(voice(weighed('three'), weighed('one', 3), weighed('two', 1)));
    const ids = Array.from({ length: 400 }, (_, at) => `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`);
    const drawn = await Promise.all(ids.map((id) => turns(policy, { 'trunkline-session': id })));
    expect(drawn.every((order) => order[2] === 'three/m')).toBe(true);
    const first = drawn.filter(([target]) => target === 'one/m').length;
    // Three in four are 300; the draw is a hash of the ids, so that this number never changes.
    expect(Math.abs(first - 300)).toBeLessThan(30);
    const again = await Promise.all(ids.map((id) => turns(policy, { 'trunkline-session': id })));
    expect(again).toEqual(drawn);
  });

  test('stays with an end user, whatever the session', async () => {
    const keys = [{ id: 'k', secret: 'secret-of-k', endUser: 'ann' }];
    const policy = policyOf({ ...voice(weighed('one', 1), weighed('two', 1)), keys });
    const headers = { authorization: 'Bearer secret-of-k' };
    const drawn = await Promise.all(
      Array.from({ length: 20 }, () => turns(policy, { ...headers, 'trunkline-session': randomUUID() })),
    );
    expect(new Set(drawn.map(([first]) => first)).size).toBe(1);
  });
});

describe('terms', () => {
  const classes = { eu: { targets: [{ gateway: 'g', model: 'm' }], residency: 'eu' } };
  const gateways = { g: { profile: 'openai', apiKey: 'k', residency: 'eu' } };

  test('a class with a residency has its sessions where an account, or a target of it, says so', async () => {
    const policy = policyOf({
      ...{ classes, gateways },
      providers: { ...providers, two: { ...account, residency: 'eu' } },
      models: {
        voice: [
          'one/a',
          'two/b',
          { provider: 'three', model: 'c', residency: 'eu' },
          { provider: 'two', model: 'd', residency: 'us' },
        ],
      },
    });
    expect(await turns(policy, { 'x-trunkline-class': 'eu' })).toEqual(['two/b', 'three/c']);
    expect(await turns(policy)).toEqual(['one/a', 'two/b', 'three/c', 'two/d']);
  });

  test('a class with a residency is refused where no target keeps to it, and at an account without a model of several', async () => {
    const policy = policyOf({ ...voice('one/a', 'two/b'), classes, gateways });
    const headers = { 'x-trunkline-class': 'eu' };
    expect(await decide(policy, headers)).toMatchObject({
      ...{ status: 403, code: 'policy_refused' },
      message: 'the class eu wants residency eu, and one has none that is stated',
    });
    const plain = requestOf('/v1/realtime?model=one/a', headers);
    expect(await admit(plain, policy, { address: '', isUpgrade: false })).toMatchObject({ code: 'policy_refused' });
  });

  test('a regulated session goes to targets that may have it', async () => {
    const policy = policyOf({
      providers: { ...providers, one: { ...account, dataClasses: ['open'] } },
      models: { voice: ['one/a', { provider: 'two', model: 'b', dataClasses: ['regulated'] }, 'three/c'] },
    });
    expect(await turns(policy, { 'x-trunkline-data-class': 'regulated' })).toEqual(['two/b', 'three/c']);
    expect(await turns(policy)).toEqual(['one/a', 'three/c']);
  });
});

describe('the list of a key', () => {
  const headers = { authorization: 'Bearer secret-of-k' };
  const keyed = (...models: string[]) =>
    policyOf({ ...voice('one/a', 'two/b'), keys: [{ id: 'k', secret: 'secret-of-k', models }] });

  test('allows all targets by the name of the model, or some of them by their own', async () => {
    expect(await turns(keyed('voice'), headers)).toEqual(['one/a', 'two/b']);
    expect(await turns(keyed('two/*'), headers)).toEqual(['two/b']);
    expect(await turns(keyed('one/a', 'voice'), headers)).toEqual(['one/a', 'two/b']);
  });

  test('has to have one of them, and the refusal names what was asked for', async () => {
    expect(await decide(keyed('three/*'), headers)).toMatchObject({
      ...{ status: 403, code: 'model_not_allowed', message: 'this key may not use the model voice' },
    });
  });

  test('that has the name alone allows no target by its own name', async () => {
    const named = requestOf('/v1/realtime?model=one/a', headers);
    const decision = await admit(named, keyed('voice'), { address: '', isUpgrade: false });
    expect(decision).toMatchObject({ code: 'model_not_allowed' });
  });

  test('and that of its team have to allow it both', async () => {
    const policy = policyOf({
      ...voice('one/a', 'two/b'),
      keys: [{ id: 'k', secret: 'secret-of-k', team: 't', models: ['voice'] }],
      teams: { t: { models: ['two/*'] } },
    });
    expect(await turns(policy, headers)).toEqual(['two/b']);
  });
});

describe('a try', () => {
  const targets: readonly ModelTarget[] = [
    { provider: 'one', model: 'm' },
    { provider: 'two', model: 'm' },
    { provider: 'three', model: 'm' },
  ];
  const healthy = { blocked: () => undefined };
  const all = { name: 'voice', targets, drawnFor: 's', breakers: healthy, dialMs: 900 };

  test('has an equal part of the time that is left', async () => {
    const turn = new Targets({ ...all, admit: (target) => target });
    await turn.next();
    expect(turn.shareMs).toBe(300);
    turn.failed(targets[0] as ModelTarget, { at: 0, ms: 100, outcome: 'upstream_unreachable' });
    await turn.next();
    expect(turn.shareMs).toBe(400);
    turn.failed(targets[1] as ModelTarget, { at: 0, ms: 400, outcome: 'upstream_timeout' });
    await turn.next();
    expect(turn.shareMs).toBe(400);
  });

  test('passes over a target whose breaker is open, which comes last', async () => {
    const blocked = (provider: string) => (provider === 'one' ? ('breaker_open' as const) : undefined);
    const turn = new Targets({ ...all, breakers: { blocked }, admit: (target) => target });
    expect([await turn.next(), await turn.next(), await turn.next()]).toMatchObject([
      { provider: 'two' },
      { provider: 'three' },
      { provider: 'one' },
    ]);
    expect(turn.tries).toMatchObject([{ target: 'one/m', outcome: 'breaker_open', ms: 0 }]);
    expect(turn.why).toBe('first of voice, behind one/m (breaker_open)');
  });

  test('takes the first where all are ill: nobody is refused for a breaker', async () => {
    const blocked = () => 'breaker_open' as const;
    const turn = new Targets({ ...all, breakers: { blocked }, admit: (target) => target });
    expect(await turn.next()).toMatchObject({ provider: 'one' });
    expect(turn.tries).toEqual([]);
  });

  test('fails where the credential of a target cannot be had, or not in its time', async () => {
    const never = new Promise<ModelTarget>(() => {});
    const refusal = { status: 503, code: 'provider_not_configured', message: 'no credential' } as const;
    const turn = new Targets({
      ...{ ...all, dialMs: 60 },
      admit: (target) =>
        target.provider === 'one' ? Promise.resolve(refusal) : target.provider === 'two' ? never : target,
    });
    expect(await turn.next()).toMatchObject({ provider: 'three' });
    expect(turn.tries).toMatchObject([
      { target: 'one/m', outcome: 'provider_not_configured' },
      { target: 'two/m', outcome: 'provider_not_configured' },
    ]);
  });
});

test('a client secret that was made for one account opens no session at another, whether a target or the model names it', async () => {
  const id = 'secret-of-page';
  const secret = {
    ...{ digest: 'd', id, key: undefined, settings: { provider: 'two' }, usesLeft: 1, createdAt: 0 },
    expiresAt: Date.now() + 60_000,
  };
  const policy = { ...policyOf(voice('one/a', 'two/b')), secrets: { find: async () => secret } };
  const headers = { authorization: `Bearer ek_${'a'.repeat(43)}` };
  expect(await turns(policy, headers)).toEqual(['two/b']);
  const named = requestOf('/v1/realtime?model=one/a', headers);
  expect(await admit(named, policy, { address: '', isUpgrade: false })).toMatchObject({ code: 'secret_not_allowed' });
});
