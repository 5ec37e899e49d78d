// Durations of keys, teams and classes that no session reaches at a provider are warned of.

import { expect, test } from 'vitest';
import { configFiles } from '../../../support/config-files.ts';

const { warnings } = configFiles();
const key = (more: string) => `keys: [{ id: a, secret: long-enough${more} }]\n`;

test('a duration beyond the longest session of a provider that may be used is warned of', () => {
  const two = 'providers: { openai: { apiKey: key-3 }, hear: { kind: hume, apiKey: key-4 }, xai: { apiKey: key-5 } }\n';
  const hear = 'hear is known to end sessions before that: after 1800 s at /v0/evi/chat';
  const asked = (more: string) =>
    warnings(`${two}keys: [{ id: a, secret: long-enough }, { id: b, secret: other-one${more} }]`);
  expect(asked(', maxSessionSeconds: 1800')).toEqual([]);
  expect(asked(', maxSessionSeconds: 1801')).toEqual([`keys[1].maxSessionSeconds: ${hear}`]);
  expect(asked(', maxSessionSeconds: 7201, models: ["openai/*", "xai/*"]')).toEqual([
    'keys[1].maxSessionSeconds: openai is known to end sessions before that: after 3600 s at /v1/realtime, 7200 s at /v1/live/sessions, 3600 s at /v1/responses',
  ]);
  const team = 'models: { voice: [openai/x] }\nteams: { t: { maxSessionSeconds: 7201, models: [voice] } }\n';
  expect(warnings(`${two}${team}${key(', team: t')}`)).toEqual([
    expect.stringMatching(/^teams\.t\.maxSessionSeconds: openai is known to end sessions before that/),
  ]);
  const gateway = 'gateways: { contract: { profile: openai, apiKey: key-2 } }\n';
  const one = 'classes: { c: { targets: [{ gateway: contract, model: gpt-5-mini }], maxSessionSeconds: 1801 } }\n';
  expect(warnings(`${two}${gateway}${one}`)).toEqual([`classes.c.maxSessionSeconds: ${hear}`]);
});
