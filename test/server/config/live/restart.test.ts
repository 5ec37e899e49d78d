// Settings that stay as they are until a restart when the configuration is read again, and refusals for their sake.

import { expect, test } from 'vitest';
import { loadConfigAgain } from '../../../../server/config/load.ts';
import { ConfigError } from '../../../../server/config/problem.ts';
import { configFiles } from '../../../support/config-files.ts';

const { load, write } = configFiles();
const KEYS = 'keys: [{ id: a, secret: long-enough }]';
const again = (yaml: string, inForce: string) => loadConfigAgain({ file: write(yaml), env: {} }, load(inForce));

test.each([
  ['processes: 2', 'processes'],
  ['listen: { port: 1 }', 'listen.port'],
  ['listen: { host: "::1" }', 'listen.host'],
  ['listen: { tlsPort: false }', 'listen.tlsPort'],
  ['listen: { proxyProtocol: true }', 'listen.proxyProtocol'],
  ['admin: { port: 1 }', 'admin.port'],
  ['admin: { host: "::1" }', 'admin.host'],
  ['metrics: { labels: [key] }', 'metrics.labels'],
  ['log: { format: text }', 'log.format'],
  ['store: { url: postgres://host/database }', 'store.url'],
  ['side: { processes: 2 }', 'side.processes'],
  ['side: { silenceMs: 1 }', 'side.silenceMs'],
  ['side: { ownerLeaseMs: 1 }', 'side.ownerLeaseMs'],
  ['limits: { handshakeMs: 1 }', 'limits.handshakeMs'],
  ['limits: { maxHeaderBytes: 1 }', 'limits.maxHeaderBytes'],
  ['limits: { messageMs: 1 }', 'limits.messageMs'],
])('%s needs a restart', (yaml, path) => {
  const inForce = load('');
  const { config, needsRestart } = loadConfigAgain({ file: write(yaml), env: {} }, inForce);
  expect(needsRestart).toEqual([path]);
  expect({ ...config, dataDirectory: '' }).toEqual({ ...inForce, dataDirectory: '' });
});

test('everything else is taken', () => {
  const yaml = `${KEYS}\nlimits: { closeMs: 5 }\nside: { syncMs: 5 }\nlog: { level: warn }\nadmin: { token: long-enough }`;
  const { config, needsRestart } = again(yaml, '');
  expect(needsRestart).toEqual([]);
  expect(config).toMatchObject({
    keys: [{ id: 'a' }],
    limits: { closeMs: 5 },
    side: { syncMs: 5 },
    log: { level: 'warn' },
  });
});

test.each([
  [`listen: { host: 0.0.0.0 }\n${KEYS}`, '', 'listen.host: expected a loopback address, got "0.0.0.0"', 'listen.host'],
  [
    `admin: { host: 0.0.0.0, token: long-enough }\n${KEYS}`,
    KEYS,
    'admin.host: expected a loopback address',
    'admin.host',
  ],
])('a listener that is public stays closed: %j', (inForce, yaml, problem, kept) => {
  const refused = () => again(yaml, inForce);
  expect(refused).toThrow(ConfigError);
  expect(refused).toThrow(problem);
  expect(refused).toThrow(`; ${kept} of before is in force until a restart`);
});

test('keys that are gone from the file let nobody in who was not let in before, unless access says so', () => {
  for (const yaml of ['', 'keys: []', 'log: { level: warn }'])
    expect(() => again(yaml, KEYS)).toThrow('access: expected keys or open, got none: the file has no keys any more');
  expect(() => again('', 'access: keys')).toThrow('access: expected keys or open');
  expect(again('access: keys', KEYS).config).toMatchObject({ access: 'keys', keys: [] });
  expect(again('access: open', KEYS).config).toMatchObject({ access: 'open' });
  expect(again('', '').config).toMatchObject({ access: 'open' });
});
