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
