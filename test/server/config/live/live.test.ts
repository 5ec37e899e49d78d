// The configuration in force: its fields follow, what was taken of it stays.

import { expect, test } from 'vitest';
import { hashOf, LiveConfig } from '../../../../server/config/live/live.ts';
import { configFiles } from '../../../support/config-files.ts';

const { load } = configFiles();
const withKey = (id: string, more = '') => load(`keys: [{ id: ${id}, secret: secret-of-${id} }]\n${more}`);

test('shows the fields in force wherever it was passed to, and those of its parts', () => {
  const live = new LiveConfig(
    withKey('one', 'limits: { closeMs: 1000 }\nroutes: { /v1/realtime: { class: realtime } }'),
  );
  const { config } = live;
  const { limits, routes } = config;
  const before = live.now;
  live.use(withKey('two', 'limits: { closeMs: 2000 }'));
  expect([config.keys[0]?.id, config.limits.closeMs, limits.closeMs]).toEqual(['two', 2000, 2000]);
  expect(routes).toEqual({});
  expect([before.keys[0]?.id, before.limits.closeMs]).toEqual(['one', 1000]);
  expect({ ...config }).toEqual(live.now);
});

test('takes a part of another form, and leaves out what is not there any more', () => {
  const proxied = load('', { HTTPS_PROXY: 'http://proxy.example.com:3128' });
  const live = new LiveConfig(proxied);
  live.use(withKey('one'));
  expect([live.config.rehearsal, live.config.proxy, 'proxy' in live.config]).toEqual([false, undefined, false]);
  live.use(proxied);
  expect(live.config).toEqual(proxied);
});

test('a hash names the content, wherever it is, secrets included', async () => {
  const one = await hashOf(withKey('one'));
  expect(one).toMatch(/^[0-9a-f]{16}$/);
  expect(await hashOf({ ...withKey('one'), dataDirectory: '/elsewhere' })).toBe(one);
  const other = load('keys: [{ id: one, secret: another-secret }]');
  expect(await hashOf(other)).not.toBe(one);
});
