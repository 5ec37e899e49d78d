// A new key as it is typed, and as it is asked for.

import { expect, test } from 'vitest';
import { keyBody, noFields } from '../../../../server/console/api/key-fields.ts';

test('empty fields are left out, numbers are numbers, and patterns are a list', () => {
  expect(keyBody({ ...noFields, id: ' web ' }, 0)).toEqual({ id: 'web' });
  const typed = { models: 'openai/*, gemini/live  ', maxSessions: '3', maxUsdPerSession: '0.5', endUser: 'anna' };
  expect(keyBody({ ...noFields, id: 'web', ...typed }, 0)).toEqual({
    ...{ id: 'web', models: ['openai/*', 'gemini/live'], maxSessions: 3, maxUsdPerSession: 0.5, endUser: 'anna' },
  });
});

test('a text that is no number goes as it was typed, so that the gateway can name it', () => {
  expect(keyBody({ ...noFields, id: 'web', maxSessions: 'many' }, 0)).toEqual({ id: 'web', maxSessions: 'many' });
});

test('a lifetime in days becomes the time of its end', () => {
  expect(keyBody({ ...noFields, id: 'web', lifetime: '30' }, Date.UTC(2026, 0, 1))).toEqual({
    ...{ id: 'web', expiresAt: '2026-01-31T00:00:00.000Z' },
  });
});
