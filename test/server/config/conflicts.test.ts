// Settings that must not be combined: open to everyone, twice the same, half there.

import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ensureDevCertificate } from '../../../server/http/dev-certificate.ts';
import { configFiles } from '../../support/config-files.ts';

const { folder, load, refusal } = configFiles();

describe('loadConfig', () => {
  const keys = 'keys: [{ id: a, secret: long-enough }]';

  test('refuses open mode on a public address', () => {
    expect(refusal('listen: { host: 0.0.0.0 }')[0]).toMatch(
      /^listen\.host: expected a loopback address, got "0\.0\.0\.0"/,
    );
    expect(refusal('listen: { host: "::" }')[0]).toMatch(/^listen\.host: /);
    expect(load(`listen: { host: 0.0.0.0 }\n${keys}`).listen.host).toBe('0.0.0.0');
    expect(load('listen: { host: "::1" }').listen.host).toBe('::1');
  });

  test('opens a public address to keys that are yet to be made, and refuses open mode with keys', () => {
    expect(load('listen: { host: 0.0.0.0 }\naccess: keys')).toMatchObject({ access: 'keys', keys: [] });
    expect(refusal(`access: open\n${keys}`)).toEqual([
      'access: expected keys, got open, which lets everyone in, whatever keys says',
    ]);
    expect([load('').access, load(keys).access, load('access: open').access]).toEqual(['open', 'keys', 'open']);
  });

  test('refuses a public admin listener without a token', () => {
    expect(refusal(`admin: { host: 0.0.0.0 }\n${keys}`)[0]).toMatch(/^admin\.host: .*admin\.token/);
    expect(load('admin: { host: 0.0.0.0, token: long-enough }').admin.host).toBe('0.0.0.0');
  });

  test('refuses two listeners on one port, unless it is 0', () => {
    expect(refusal('admin: { port: 8080 }')).toEqual([
      'admin.port: expected a port of its own, got 8080, which is listen.port too',
    ]);
    expect(refusal('listen: { port: 8443 }')[0]).toMatch(/^listen\.tlsPort: /);
    expect(load('listen: { port: 0, tlsPort: 0 }\nadmin: { port: 0 }').listen.tlsPort).toBe(0);
  });

  test('refuses a memory of unfinished messages that one large message may use up alone', () => {
    const limits = (bytes: number) =>
      `limits: { clientMaxPayloadBytes: 1000, providerMaxPayloadBytes: 2000, maxFragments: 10, maxUnfinishedBytes: ${bytes} }`;
    expect(refusal(limits(4279))).toEqual([
      'limits.maxUnfinishedBytes: expected at least 4280, twice the largest message with its headers, got 4279',
    ]);
    expect(load(limits(4280)).limits.maxUnfinishedBytes).toBe(4280);
  });

  test('refuses keys with the id or the secret of another, and does not show the secret', () => {
    const twins = 'keys: [{ id: a, secret: long-enough }, { id: a, secret: long-enough }]';
    const lines = refusal(twins);
    expect(lines).toEqual([
      'keys[1].id: expected a unique id, got "a" again',
      'keys[1].secret: expected a unique secret, got that of keys[0]',
    ]);
  });

  test('refuses a certificate with the key of another, and a file that is no certificate', async () => {
    for (const name of ['a', 'b']) await ensureDevCertificate(join(folder, name));
    const tls = (cert: string, key: string) => refusal(`listen: { tls: { cert: ${cert}, key: ${key} } }`);
    expect(tls('a/cert.pem', 'b/key.pem')[0]).toMatch(/^listen\.tls: expected a certificate and its key in PEM, got: /);
    expect(tls('a/key.pem', 'a/cert.pem')).toHaveLength(1);
    expect(load('listen: { tls: { cert: a/cert.pem, key: a/key.pem } }').listen.tls).toBeDefined();
  });

  test('refuses a certificate without its key, an unreadable one, and one for a listener that is off', () => {
    expect(refusal('listen: { tls: { cert: a.pem } }')).toEqual([
      'listen.tls.key: missing, expected a text (PEM file of the private key. Relative to the configuration file.)',
    ]);
    const lines = refusal('listen: { tlsPort: false, tls: { cert: a.pem, key: b.pem } }');
    expect(lines[0]).toMatch(/^listen\.tls: expected a listen\.tlsPort/);
    expect(lines[1]).toBe(
      `listen.tls.cert: expected a readable file, got "${join(folder, 'a.pem')}": no such file or directory`,
    );
    expect(lines).toHaveLength(3);
  });

  test('refuses a path at which no session survives its provider', () => {
    const paths = (...list: string[]) => `survive: { paths: [${list.join(', ')}] }`;
    expect(refusal(paths('/v1/realtime', '/v1/realtme'))[0]).toMatch(
      /^survive\.paths\[1\]: unknown path of sessions that can survive "\/v1\/realtme", expected one of \/v1\/realtime, .*; did you mean \/v1\/realtime\?$/,
    );
    const account = 'providers: { eu: { kind: openai, apiKey: long-enough } }';
    for (const path of ['/v1/live/sessions', '/eu/v1/realtime'])
      expect(refusal(`${account}\n${paths(path)}`)[0]).toContain(
        `unknown path of sessions that can survive "${path}", `,
      );
    expect(load(paths('/v1/realtime')).survive.paths).toEqual(['/v1/realtime']);
  });
});
