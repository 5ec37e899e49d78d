// Tests what a class may say of the words of its calls, and what a wrong word of it is told.

import { expect, test } from 'vitest';
import { loadConfig } from '../../../../server/config/load.ts';
import { ConfigError } from '../../../../server/config/problem.ts';
import { configFile } from '../../../support/config-file.ts';

const gateways = { router: { profile: 'openrouter', apiKey: 'x' } };
const load = (fields: object) => {
  const classes = { careful: { targets: [{ gateway: 'router', model: 'm' }], ...fields } };
  return loadConfig({ file: configFile({ gateways, classes }), env: {} }).classes.careful;
};

function problemsOf(fields: object): readonly string[] {
  try {
    load(fields);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
}

test('A list of kinds, or a mapping with patterns, says what is redacted.', () => {
  expect(load({ redact: ['email', 'us-ssn'] })?.redact).toEqual(['email', 'us-ssn']);
  expect(load({ redact: { patterns: { order: 'ORD-\\d+' } } })?.redact).toEqual({
    patterns: { order: 'ORD-\\d+' },
    unreadable: 'refuse',
  });
});

test.each([
  [['mail'], 'redact[0]: expected one of email, phone, card, iban, ip, us-ssn, got "mail"; did you mean email?'],
  [{ patterns: { x: '(' } }, 'redact.patterns.x: expected a regular expression of JavaScript (flag u): Invalid'],
  [{ patterns: { x: 'a*' } }, 'redact.patterns.x: expected a pattern that does not match the empty text, got "a*"'],
  [{ patterns: { email: 'a' } }, 'redact.patterns.email: expected another name than that of a kind'],
  [{ unreadable: 'pass' }, 'redact: expected kinds or patterns: nothing would be taken out'],
  [[], 'redact: expected at least 1 entry, got 0'],
])('A wrong redact %j is told where it is wrong, and what was expected.', (redact, message) => {
  expect(problemsOf({ redact })).toEqual([expect.stringContaining(`classes.careful.${message}`)]);
});
