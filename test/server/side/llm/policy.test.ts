// Tests which targets may serve a class, and the terms that they are given.

import { describe, expect, test } from 'vitest';
import type { LlmProfile } from '../../../../adapters/llm/contract.ts';
import { llmProfiles } from '../../../../adapters/llm/index.ts';
import { classSchema, gatewaySchema } from '../../../../server/config/side/llm-schema.ts';
import {
  type Candidate,
  chooseTargets,
  residencyObjection,
  targetObjection,
  termsOf,
} from '../../../../server/side/llm/policy.ts';

const candidate = (profile: string, more: object = {}, model = 'acme/m'): Candidate => ({
  gateway: gatewaySchema.parse({ profile, ...more }),
  profile: llmProfiles.get(profile) as LlmProfile,
  model,
});
const terms = (more: object = {}) => classSchema.parse({ targets: [{ gateway: 'g', model: 'm' }], ...more });

describe('a target', () => {
  test('is refused where its path or its model is none that the class allows', () => {
    expect(targetObjection(candidate('openrouter'), terms({ path: 'direct' }))).toContain('direct only');
    expect(targetObjection(candidate('openai'), terms({ path: 'direct' }))).toBeUndefined();
    expect(targetObjection(candidate('openai'), terms({ allow: { models: ['other/*'] } }))).toContain('acme/m');
    expect(targetObjection(candidate('openai'), terms({ allow: { models: ['other/*', 'acme/*'] } }))).toBeUndefined();
  });

  test('is refused by a class with retention zdr where nothing promises that it keeps nothing', () => {
    const zdr = terms({ retention: 'zdr' });
    expect(targetObjection(candidate('openai'), zdr)).toContain('retention');
    expect(targetObjection(candidate('litellm', { retention: 'none-stated' }), zdr)).toContain('retention');
    expect(targetObjection(candidate('openai', { retention: 'zdr' }), zdr)).toBeUndefined();
    for (const profile of ['openrouter', 'vercel']) expect(targetObjection(candidate(profile), zdr)).toBeUndefined();
  });

  test('is refused where its region is another, or not known', () => {
    const eu = terms({ residency: 'eu' });
    expect(targetObjection(candidate('litellm'), eu)).toContain('none that is known');
    expect(targetObjection(candidate('litellm', { residency: 'us' }), eu)).toContain('this target has us');
    expect(targetObjection(candidate('litellm', { residency: 'eu' }), eu)).toBeUndefined();
    expect(
      targetObjection(candidate('openrouter', { baseUrl: 'https://eu.openrouter.ai/api/v1' }), eu),
    ).toBeUndefined();
    expect(targetObjection(candidate('openrouter', { baseUrl: 'https://us.openrouter.ai/api/v1' }), eu)).toContain(
      'this target has us',
    );
    expect(targetObjection(candidate('openrouter'), eu)).toContain('none that is known');
  });

  test('is refused by a list of providers where the provider is neither certain nor enforced', () => {
    const only = terms({ allow: { providers: ['acme'] } });
    expect(targetObjection(candidate('litellm'), only)).toContain('nothing says who serves');
    expect(targetObjection(candidate('openai'), only)).toContain('"openai" is not in');
    expect(targetObjection(candidate('bifrost'), only)).toBeUndefined();
    expect(targetObjection(candidate('openrouter'), only)).toBeUndefined();
    expect(targetObjection(candidate('openai-compatible', { settings: { provider: 'acme' } }), only)).toBeUndefined();
  });
});

test('a base URL of another region than the stated one is refused', () => {
  const openrouter = (more: object) => candidate('openrouter', more);
  expect(residencyObjection(openrouter({ residency: 'eu' }))).toBeUndefined();
  expect(residencyObjection(openrouter({ residency: 'eu', baseUrl: 'https://openrouter.ai/api/v1' }))).toContain(
    'https://eu.openrouter.ai',
  );
  expect(residencyObjection(openrouter({ residency: 'eu', baseUrl: 'https://us.openrouter.ai/api/v1' }))).toContain(
    'eu',
  );
  expect(residencyObjection(openrouter({ residency: 'eu', baseUrl: 'https://proxy.example/v1' }))).toBeUndefined();
  expect(residencyObjection(openrouter({ residency: 'jp' }))).toContain('jp');
  expect(residencyObjection(candidate('anthropic', { residency: 'eu' }))).toContain('eu');
});

test('the terms of a target are the stricter ones of gateway and class, and cannot be changed', () => {
  const made = termsOf({
    candidate: candidate('openrouter', { residency: 'eu', apiKey: 'k' }),
    terms: terms({ retention: 'zdr', allow: { providers: ['acme'] } }),
  });
  expect(made).toMatchObject({
    baseUrl: 'https://eu.openrouter.ai/api/v1',
    apiKey: 'k',
    retention: 'zdr',
    residency: 'eu',
    providers: ['acme'],
  });
  expect(Object.isFrozen(made)).toBe(true);
  const strict = candidate('vercel', { retention: 'zdr' });
  expect(termsOf({ candidate: strict, terms: terms({ retention: 'none-stated' }) }).retention).toBe('zdr');
});

test('a named model comes first, the others keep their order, and a refused target has its reason', () => {
  const target = (gatewayName: string, model: string, more = {}) =>
    ({ gatewayName, model, path: 'routed', objection: undefined, ...more }) as const;
  const targets = [
    target('a', 'x'),
    target('b', 'y', { path: 'direct' }),
    target('c', 'y'),
    target('d', 'z', { objection: 'no' }),
    target('rehearsal', 'w', { isRehearsal: true }),
  ];
  const names = (model: string | undefined, dataClass: 'open' | 'regulated' = 'open') =>
    chooseTargets(targets, { model, dataClass }).allowed.map(({ gatewayName }) => gatewayName);
  expect(names(undefined)).toEqual(['a', 'b', 'c', 'rehearsal']);
  expect(names('y')).toEqual(['b', 'c', 'a', 'rehearsal']);
  expect(names('c/y')).toEqual(['c', 'a', 'b', 'rehearsal']);
  expect(names(undefined, 'regulated')).toEqual(['b', 'rehearsal']);
  expect(chooseTargets(targets, { model: undefined, dataClass: 'regulated' }).refused).toEqual([
    { target: 'a/x', reason: 'regulated text stays on direct targets' },
    { target: 'c/y', reason: 'regulated text stays on direct targets' },
    { target: 'd/z', reason: 'no' },
  ]);
});
