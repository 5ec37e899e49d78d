// The fields of a key as they are typed, and as they are asked for.

import { expect, test } from 'vitest';
import { storedKeySchema } from '../../../../server/config/key-schema.ts';
import {
  fieldNamed,
  keyBody,
  keyChange,
  keyGroups,
  textsOfKey,
  timeIn,
} from '../../../../server/console/api/key-fields.ts';

const texts = (fields: Record<string, string>, budgets: Record<string, string>[] = []) => ({ fields, budgets });

test('empty fields are left out, numbers are numbers, and patterns are a list', () => {
  expect(keyBody(texts({ id: ' web ', team: '' }))).toEqual({ id: 'web' });
  const typed = { models: 'openai/*, gemini/live  ', maxSessions: '3', maxUsdPerSession: '0.5', endUser: 'anna' };
  expect(keyBody(texts({ id: 'web', ...typed }))).toEqual({
    ...{ id: 'web', models: ['openai/*', 'gemini/live'], maxSessions: 3, maxUsdPerSession: 0.5, endUser: 'anna' },
  });
});

test('a text that is no number goes as it was typed, so that the gateway can name it', () => {
  expect(keyBody(texts({ maxSessions: 'many' }))).toEqual({ maxSessions: 'many' });
});

test('tags are a line each, whose name may have colons of its own', () => {
  expect(keyBody(texts({ tags: 'plan: gold\n\nns:id: a: b\nshort:x\nalone' }))).toEqual({
    tags: { plan: 'gold', 'ns:id': 'a: b', short: 'x', alone: '' },
  });
});

/** A key with every field that there is. */
const whole = {
  ...{ id: 'web', team: 'sales', models: ['openai/*', 'gemini/live'], class: 'voice', classes: ['voice', 'cheap'] },
  ...{ maxSessions: 3, rates: { callsPerMinute: 60 }, endUsers: { maxSessions: 1, rates: { tokensPerMinute: 9 } } },
  ...{ maxUsdPerSession: 0.5, maxSessionSeconds: 600, dataClass: 'regulated', callIds: 'any', unknownFields: 'drop' },
  ...{ responses: 'routed', survive: 'both' },
  budgets: [
    { window: 'day', maxUsd: 5 },
    { window: 'total', maxUsd: 100, path: 'routed', class: 'cheap' },
  ],
  ...{ transcripts: 'off', expiresAt: '2099-01-31T08:30:00.000Z', endUser: 'anna', tags: { plan: 'gold', 'a:b': 'c' } },
} as const;

test('every field of a key can be typed, and comes back as it was', () => {
  expect(keyBody(textsOfKey(whole))).toEqual(whole);
  const typed = new Set(keyGroups.flatMap(({ fields }) => fields.map(({ path }) => path.split('.')[0])));
  expect(Object.keys(storedKeySchema.shape).filter((name) => !typed.has(name))).toEqual(['budgets']);
});

test('a change names only what was typed anew, and null for what was emptied', () => {
  const before = textsOfKey({ ...whole, expiresAt: '2099-01-31T08:30:12.345Z' });
  expect(keyChange(before, before)).toEqual({});
  const fields = { ...before.fields, team: '', 'rates.callsPerMinute': '', 'endUsers.maxSessions': '2' };
  expect(keyChange(before, { fields, budgets: before.budgets.slice(1) })).toEqual({
    ...{ team: null, rates: null, endUsers: { maxSessions: 2, rates: { tokensPerMinute: 9 } } },
    budgets: [{ window: 'total', maxUsd: 100, path: 'routed', class: 'cheap' }],
  });
  expect(keyChange(before, { fields: before.fields, budgets: [] })).toEqual({ budgets: null });
});

test('an error is about the input that its field is in', () => {
  const two = texts({}, [{}, {}]);
  expect(
    ['models', 'models[2]', 'tags.plan', 'rates.callsPerMinute', 'budgets[1].maxUsd', 'classes[0]', 'budgets', 'x'].map(
      (named) => fieldNamed(named, two),
    ),
  ).toEqual(['models', 'models', 'tags', 'rates.callsPerMinute', 'budgets[1].maxUsd', 'classes', undefined, undefined]);
  expect(fieldNamed('budgets[2].maxUsd', two)).toBeUndefined();
});

test('a time in days is that of the reader’s clock', () => {
  const typed = timeIn(30, Date.UTC(2099, 0, 1, 8, 30, 59));
  expect(keyBody(texts({ expiresAt: typed }))).toEqual({ expiresAt: '2099-01-31T08:30:00.000Z' });
});
