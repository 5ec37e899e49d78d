// A class that keeps answers where something says that nothing is kept is refused when the configuration is loaded.

import { expect, test } from 'vitest';
import { configFiles } from '../../../support/config-files.ts';

const { refusal, load } = configFiles();

const file = ({ gateway = '', more = '', top = '', cache = 'ttl: PT1H' } = {}) =>
  `gateways: { router: { profile: openrouter, apiKey: key-1${gateway} } }
classes: { c: { targets: [{ gateway: router, model: m }], cache: { ${cache} }${more} } }
${top}`;

test('A cache is refused beside retention zdr, and beside transcripts: off.', () => {
  expect(refusal(file({ more: ', retention: zdr' }))).toEqual([
    'classes.c.cache: expected none: the class wants retention zdr',
  ]);
  expect(refusal(file({ gateway: ', retention: zdr' }))).toEqual([
    'classes.c.cache: expected none: gateways.router is a target, and has retention zdr',
  ]);
  expect(refusal(file({ top: 'transcripts: off' }))).toEqual([
    'classes.c.cache: expected none: no text is kept here (transcripts: off)',
  ]);
});

test('Its time, its sharing and its bounds are checked.', () => {
  for (const ttl of ['1h', 'PT0M', 'P8D', 'P'])
    expect(refusal(file({ cache: `ttl: ${ttl}` }))).toEqual([
      `classes.c.cache.ttl: expected a duration of a minute to seven days, such as PT1H, got "${ttl}"`,
    ]);
  expect(refusal(file({ cache: 'ttl: PT1H, shared: all' }))[0]).toMatch(/^classes\.c\.cache\.shared: expected/);
  expect(refusal(file({ cache: 'ttl: PT1H, maxBytes: 0' }))[0]).toMatch(/^classes\.c\.cache\.maxBytes: /);
  expect(refusal(file({ cache: 'shared: key' }))[0]).toMatch(/^classes\.c\.cache\.ttl: /);
  expect(load(file({})).classes.c?.cache).toEqual({
    ...{ ttl: 'PT1H', shared: 'key', maxBytes: 67_108_864, maxAnswers: 10_000 },
  });
});
