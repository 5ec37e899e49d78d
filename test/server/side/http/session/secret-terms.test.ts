// Tests what is checked of a client secret beside its form: what it pins, and that it may no more than its key.

import { expect, test } from 'vitest';
import { loadConfig } from '../../../../../server/config/load.ts';
import { termsProblem } from '../../../../../server/side/http/session/secret-terms.ts';
import { configFile } from '../../../../support/config-file.ts';

const config = loadConfig({ file: configFile({ keys: [{ id: 'app', secret: 'secret-of-app' }] }), env: {} });

test.each(['openai-realtime', 'openai-live', 'openai-responses'])(
  'what is pinned of %s is bounded in bytes',
  (dialect) => {
    const pinned = (characters: number) => ({ instructions: 'ü'.repeat(characters) });
    const problem = (characters: number) =>
      termsProblem({ provider: 'openai', dialect, session: pinned(characters) }, undefined, config);
    expect(problem(130_000)).toBeUndefined();
    const message = 'expected at most 262144 bytes of JSON, got 280019';
    expect(problem(140_000)).toMatchObject({ status: 400, message, param: 'session' });
  },
);

test('every key may make secrets for the class realtime, and those that are bound to a class for no other', () => {
  const problem = (name: string, key: object) => termsProblem({ class: name }, { id: 'app', ...key }, config);
  expect(problem('realtime', { classes: ['voice'] })).toBeUndefined();
  expect(problem('voice', { class: 'voice' })).toBeUndefined();
  expect(problem('realtime', { class: 'voice' })).toMatchObject({ code: 'unknown_class', param: 'class' });
  expect(problem('voice', { classes: ['other'] })).toMatchObject({ param: 'class' });
});

test('a name of models is for a key whose lists have it, or one of its targets', () => {
  const account = { apiKey: 'key-of-account' };
  const named = loadConfig({
    file: configFile({ providers: { openai: account, xai: account }, models: { voice: ['openai/a', 'xai/b'] } }),
    env: {},
  });
  const problem = (terms: object, ...models: string[]) =>
    termsProblem({ models: ['voice'], ...terms }, { id: 'app', ...(models.length > 0 && { models }) }, named);
  expect(problem({})).toBeUndefined();
  expect(problem({}, 'voice')).toBeUndefined();
  expect(problem({}, 'xai/*')).toBeUndefined();
  expect(problem({ provider: 'xai' }, 'xai/*')).toBeUndefined();
  expect(problem({ provider: 'openai' }, 'xai/*')).toMatchObject({ status: 403, code: 'model_not_allowed' });
  expect(problem({}, 'openai/other')).toMatchObject({ status: 403, code: 'model_not_allowed' });
  expect(problem({ models: ['void'] })).toMatchObject({ status: 400, param: 'models' });
  const pinned = { dialect: 'openai-realtime', session: { instructions: 'x' } };
  expect(problem(pinned)).toBeUndefined();
  expect(problem({ ...pinned, models: undefined })).toMatchObject({ param: 'provider' });
});
