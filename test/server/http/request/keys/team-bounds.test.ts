// Checks what a team makes of its keys.

import { expect, test } from 'vitest';
import { KeyLookup } from '../../../../../server/http/request/keys/key-lookup.ts';
import { boundByTeam } from '../../../../../server/http/request/keys/team-bounds.ts';
import { storedKeyOf } from '../../../../support/stored-keys.ts';

const bounds = { models: ['openai/*'], maxSessionSeconds: 60, maxUsdPerSession: 1, dataClass: 'regulated' } as const;
const teams = { apps: { ...bounds, models: [...bounds.models] } };

test('a key of no team, or of one that is not configured, stays as it is', () => {
  for (const key of [{ id: 'a' }, { id: 'a', team: 'label' }, { id: 'a', team: 'constructor' }])
    expect(boundByTeam(key, teams)).toBe(key);
});

test('a key without limits of its own has those of its team', () => {
  expect(boundByTeam({ id: 'a', team: 'apps' }, teams)).toMatchObject({ ...bounds, teamModels: undefined });
});

test('of two limits the tighter one counts, and a model must be in both lists', () => {
  const key = { id: 'a', team: 'apps', models: ['*/x'], maxSessionSeconds: 30, maxUsdPerSession: 5 };
  expect(boundByTeam(key, teams)).toMatchObject({
    ...{ models: ['*/x'], teamModels: ['openai/*'], maxSessionSeconds: 30, maxUsdPerSession: 1 },
    dataClass: 'regulated',
  });
});

test('limits that the keys of a team share are beside those of the key', () => {
  const shared = { maxSessions: 5, rates: { callsPerMinute: 9 }, endUsers: { maxSessions: 1 } };
  const key = { id: 'a', team: 'apps', maxSessions: 2 };
  expect(boundByTeam(key, { apps: shared })).toMatchObject({ maxSessions: 2, teamLimits: shared });
});

test('keys of the file and of the store are bound alike, by the configuration in force', async () => {
  const { stored, secret } = storedKeyOf('app', { settings: { team: 'apps' } });
  let inForce: typeof teams | object = teams;
  const lookup = new KeyLookup({
    fileKeys: () => [{ id: 'web', secret: 'secret-of-web', team: 'apps' }],
    teams: () => inForce as typeof teams,
    findKey: async () => stored,
  });
  expect(await lookup.find(secret)).toMatchObject({ id: 'app', maxSessionSeconds: 60 });
  expect(lookup.find('secret-of-web')).toMatchObject({ id: 'web', maxSessionSeconds: 60 });
  inForce = {};
  expect(lookup.find(secret)).toEqual({ id: 'app', team: 'apps' });
});
