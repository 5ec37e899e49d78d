// Calls that a client secret may make.

import { describe, expect, test } from 'vitest';
import { callerWithSecret } from '../../../../../server/http/request/keys/client-secret.ts';
import type { SecretTerms } from '../../../../../server/ipc/stored-keys.ts';

const secretOf = (settings: SecretTerms, expiresAt = Date.now() + 60_000) => ({
  ...{ digest: 'd', id: 's1', key: 'shop', usesLeft: 0, createdAt: 0, expiresAt },
  settings,
});
const call = (
  settings: SecretTerms,
  more: { key?: object; origin?: string; expiresAt?: number; isReading?: boolean } = {},
) =>
  callerWithSecret(
    { key: { id: 'shop', ...more.key }, secret: secretOf(settings, more.expiresAt) },
    { handshake: { headers: { origin: more.origin } }, isReading: more.isReading ?? false },
  );

describe('calls with a client secret', () => {
  test('are those of its key, narrowed by its terms, also when it is used up', () => {
    const terms = { class: 'free', endUser: 'ann', tags: { plan: 'free' }, models: ['openai/*'], maxUsd: 0.5 };
    const key = { tags: { app: 'shop' }, dataClass: 'regulated' };
    expect(call({ ...terms, dataClass: 'open' }, { key })).toMatchObject({
      ...{ scope: 'key', key: 'shop', secret: 's1', endUser: 'ann' },
      settings: { class: 'free', endUser: 'ann', dataClass: 'regulated', tags: { plan: 'free', app: 'shop' } },
      calls: { models: ['openai/*'], maxMicroUsd: 500_000 },
    });
  });

  test.each<[string, SecretTerms, Parameters<typeof call>[1]]>([
    ['secret_expired', {}, { expiresAt: 1 }],
    ['secret_not_allowed', { provider: 'openai' }, {}],
    ['secret_not_allowed', { callIds: 'any' }, {}],
    ['secret_not_allowed', { endUser: 'ann' }, { key: { endUser: 'bob' } }],
    ['secret_not_allowed', { class: 'free' }, { key: { class: 'paid' } }],
    ['origin_not_allowed', { origins: ['https://a.example.com'] }, { origin: 'https://b.example.com' }],
    ['origin_not_allowed', { origins: ['https://a.example.com'] }, {}],
  ])('are refused: %s', (code, terms, more) => {
    expect(call(terms, more)).toMatchObject({ code });
  });

  test('read on after it has expired', () => {
    expect(call({}, { expiresAt: 1, isReading: true })).toMatchObject({ secret: 's1' });
  });
});
