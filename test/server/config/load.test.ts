// The configuration: what is accepted, what is refused and how it is said, where the environment comes in.

import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../../server/config/load.ts';
import { ConfigError } from '../../../server/config/problem.ts';
import { ensureDevCertificate } from '../../../server/http/dev-certificate.ts';
import { configFiles } from '../../support/config-files.ts';

const { folder, load, refusal } = configFiles();
const openai = 'providers: { openai: { apiKey: sk-test } }';

describe('without a file', () => {
  test('listens on loopback in open mode and rehearses every provider', () => {
    const config = loadConfig({ env: {} });
    expect(config).toMatchObject({
      processes: 1,
      listen: { host: '127.0.0.1', port: 8080, tlsPort: 8443, origins: [] },
      admin: { host: '127.0.0.1', port: 9090 },
      keys: [],
      providers: {},
      log: { level: 'info' },
    });
    expect(config.rehearsal).toMatchObject({ providers: expect.arrayContaining(['openai', 'gemini']) });
  });

  test('takes provider keys from the environment and then rehearses nothing', () => {
    const config = loadConfig({ env: { OPENAI_API_KEY: 'sk-env' } });
    expect(config.providers).toEqual({
      openai: {
        apiKey: 'sk-env',
        baseUrl: 'wss://api.openai.com',
        allowPrivate: false,
        preconnect: { connections: 2, maxAgeMs: 30_000 },
      },
    });
    expect(config.rehearsal).toBe(false);
  });

  test('prefers GEMINI_API_KEY to GOOGLE_API_KEY, and takes an empty one for none', () => {
    expect(loadConfig({ env: { GEMINI_API_KEY: 'a', GOOGLE_API_KEY: 'b' } }).providers.gemini?.apiKey).toBe('a');
    expect(loadConfig({ env: { GEMINI_API_KEY: ' ', GOOGLE_API_KEY: 'b' } }).providers.gemini?.apiKey).toBe('b');
    expect(loadConfig({ env: { GEMINI_API_KEY: '' } }).providers).toEqual({});
  });

  test('refuses a provider key that no header could carry, without showing it', () => {
    expect(() => loadConfig({ env: { OPENAI_API_KEY: 'sk-se cret\n' } })).toThrow(
      /^OPENAI_API_KEY: expected a credential/,
    );
    expect(() => loadConfig({ env: { OPENAI_API_KEY: 'sk-se cret\n' } })).not.toThrow(/cret/);
    expect(() => loadConfig({ env: { OPENAI_API_KEY: 'client' } })).toThrow(ConfigError);
  });

  test('resolves the data directory against the working directory', () => {
    expect(loadConfig({ env: {} }).dataDirectory).toBe(join(process.cwd(), '.trunkline'));
    expect(loadConfig({ env: {}, data: '/srv/data' }).dataDirectory).toBe('/srv/data');
  });

  test('is frozen to the bottom and survives a trip through JSON', () => {
    const config = loadConfig({ env: {} });
    expect(Object.isFrozen(config.listen.origins)).toBe(true);
    expect(Object.isFrozen(config.limits)).toBe(true);
    expect(JSON.parse(JSON.stringify(config))).toEqual(config);
  });
});

describe('a file', () => {
  test('may be empty, or only comments', () => {
    expect(load('')).toEqual(loadConfig({ env: {} }));
    expect(load('# nothing yet\n')).toEqual(loadConfig({ env: {} }));
  });

  test('is read as the documentation shows it', () => {
    const config = load(
      `
listen: { host: 0.0.0.0, port: 0, tlsPort: false, origins: ["https://app.example.com"] }
admin: { port: 0 }
keys:
  - { id: demo, secret: "\${TRUNKLINE_KEY}", team: web, models: ["openai/*", "gemini/gemini-live-*"], maxSessions: 50 }
providers:
  openai: { baseUrl: "wss://eu.example.com", apiKey: "\${OPENAI_API_KEY}", organization: org-1, project: proj-1 }
  gemini: { apiKey: client }
limits: { idleMs: 60000 }
log: { level: warn }
`,
      { TRUNKLINE_KEY: 'tl-secret', OPENAI_API_KEY: 'sk-env' },
    );
    expect(config.keys[0]).toEqual({
      id: 'demo',
      secret: 'tl-secret',
      team: 'web',
      models: ['openai/*', 'gemini/gemini-live-*'],
      maxSessions: 50,
    });
    expect(config.providers.openai).toMatchObject({
      baseUrl: 'wss://eu.example.com',
      apiKey: 'sk-env',
      project: 'proj-1',
    });
    expect(config.providers.gemini).toMatchObject({ apiKey: 'client' });
    expect(config.limits).toMatchObject({ idleMs: 60_000, pingMs: 15_000 });
    expect(config.rehearsal).toBe(false);
  });

  test('wins over a provider key of the environment, which still fills in what it does not mention', () => {
    const { providers } = load(openai, { OPENAI_API_KEY: 'sk-env', GEMINI_API_KEY: 'g-env' });
    expect(providers.openai?.apiKey).toBe('sk-test');
    expect(providers.gemini?.apiKey).toBe('g-env');
    expect(load(openai, { OPENAI_API_KEY: 'not a key' }).providers.openai?.apiKey).toBe('sk-test');
  });

  test('that is missing or not YAML is refused with the place of the fault', () => {
    expect(() => loadConfig({ file: join(folder, 'none.yaml'), env: {} })).toThrow(/none\.yaml: .*no such file/);
    expect(refusal('listen:\n  port: 1\n  port: 2\n')[0]).toMatch(/line 3, column 3: Map keys must be unique/);
    expect(refusal('listen: [\n')[0]).toMatch(/line \d+, column \d+: /);
    expect(refusal('- a\n')).toEqual(['expected a mapping, got a list']);
    expect(refusal('a: 1\n---\nb: 2\n')[0]).toMatch(/multiple documents/);
    expect(refusal('listen: *none\n')[0]).toMatch(/\.yaml: Unresolved alias/);
  });

  test('with several faults is refused with all of them', () => {
    const lines = refusal(
      'lisen: { port: 1 }\nprocesses: 0\nlimits: { pingMs: fast }\nkeys: [{ id: a, secret: "${NONE}" }]\n',
    );
    expect(lines).toHaveLength(4);
    expect(lines).toContain('limits.pingMs: expected a number, got "fast"');
    expect(lines).toContain('processes: expected at least 1, got 0');
    expect(lines).toContain('keys[0].secret: the environment variable NONE is not set');
    expect(lines.find((line) => line.startsWith('lisen: '))).toMatch(/unknown key, .*listen.*; did you mean listen\?$/);
  });

  test.each([
    ['listen: { port: 70000 }', 'listen.port: expected at most 65535, got 70000'],
    ['listen: { tlsPort: true }', 'listen.tlsPort: expected a number or false, got true'],
    ['listen:', 'listen: expected a mapping, got nothing'],
    ['keys:', 'keys: expected a list, got nothing'],
    ['keys: [{ id: a }]', 'keys[0].secret: missing, expected a text'],
    [
      'keys: [{ id: a, secret: short12 }]',
      'keys[0].secret: expected at least 8 characters, got another text (not shown)',
    ],
    ['keys: [{ id: a, secret: 1234567890 }]', 'keys[0].secret: expected a text, got a number'],
    ['limits: { drainMs: 3000000000 }', 'limits.drainMs: expected at most 2147483647, got 3000000000'],
    ['limits: { pingMs: 0.5 }', 'limits.pingMs: expected a whole number, got 0.5'],
    ['log: { level: loud }', 'log.level: expected one of trace, debug, info, warn, error, fatal, silent, got "loud"'],
    ['listen: { origins: ["*"] }', 'listen.origins[0]: expected an origin such as https://app.example.com, got "*"'],
    [
      'listen: { origins: ["https://a.example/"] }',
      'listen.origins[0]: expected an origin such as https://app.example.com, got "https://a.example/"',
    ],
  ])('%s is refused as: %s', (yaml, line) => expect(refusal(yaml)).toEqual([line]));

  test('shows no text where a structure is expected: it may be a secret', () => {
    expect(refusal('OPENAI_API_KEY=sk-hunter2')).toEqual(['expected a mapping, got a text']);
    expect(refusal('keys: [hunter2]')).toEqual(['keys[0]: expected a mapping, got a text']);
    expect(refusal('admin: hunter2')).toEqual(['admin: expected a mapping, got a text']);
  });

  test('names the providers there are when it gets another, and the fields when one of those is misspelt', () => {
    expect(refusal('providers: { opnai: { apiKey: x } }')[0]).toMatch(
      /^providers\.opnai: unknown key, .*mean openai\?$/,
    );
    expect(refusal('providers: { openai: { apikey: x } }').join()).toMatch(
      /providers\.openai\.apikey: .*mean apiKey\?/,
    );
    const key = (models: string) => `keys: [{ id: a, secret: long-enough, models: [${models}] }]`;
    expect(refusal(key('opnai/x'))[0]).toMatch(/^keys\[0\]\.models\[0\]: unknown provider "opnai", .*mean openai\?$/);
    expect(refusal(key('gpt-realtime'))[0]).toMatch(/expected provider\/model/);
  });
});

describe('variables', () => {
  test('are filled into secrets, also as a part', () => {
    const { admin } = load('admin: { token: "pre-${A_1}-${B}" }', { A_1: 'one', B: 'two' });
    expect(admin.token).toBe('pre-one-two');
  });

  test('are refused when unset, empty, blank or not a name', () => {
    const token = (text: string) => refusal(`admin: { token: "${text}" }`, { EMPTY: '', BLANK: ' \n' });
    expect(token('${NONE}')).toEqual(['admin.token: the environment variable NONE is not set']);
    expect(token('${EMPTY}')).toEqual(['admin.token: the environment variable EMPTY is empty']);
    expect(token('${BLANK}')).toEqual(['admin.token: the environment variable BLANK is empty']);
    expect(token('${A-B}')).toEqual(['admin.token: expected ${NAME} with the name of a variable']);
    expect(token('abcdefgh${OPEN')).toEqual(['admin.token: expected ${NAME} with the name of a variable']);
  });

  test('are refused anywhere else', () => {
    const [line] = refusal('providers: { openai: { apiKey: k, baseUrl: "wss://${HOST}" } }', { HOST: 'a.example' });
    expect(line).toMatch(/^providers\.openai\.baseUrl: expected a plain value: \$\{\.\.\.\} is for secrets only/);
  });

  test('are refused once, whatever else is wrong there', () => {
    expect(refusal('processes: "${N}"', { N: '2' })).toHaveLength(1);
  });

  test('can not turn on the forwarding of client credentials', () => {
    const [line] = refusal('providers: { openai: { apiKey: "${K}" } }', { K: 'client' });
    expect(line).toMatch(/^providers\.openai\.apiKey: expected a credential/);
  });

  test('never show up in a refusal', () => {
    const env = { S: 'hunter2 with a space', T: 'hunter2' };
    const lines = refusal('admin: { token: "${T}" }\nkeys: [{ id: a, secret: "${S}" }]', env).join('\n');
    expect(lines).toMatch(/^admin\.token: .*\n?/m);
    expect(lines).toMatch(/^keys\[0\]\.secret: expected printable ASCII/m);
    expect(lines).not.toContain('hunter2');
  });
});

test('certificate paths are relative to the file', async () => {
  await ensureDevCertificate(join(folder, 'tls'));
  const { tls } = load('listen: { tls: { cert: tls/cert.pem, key: ./tls/key.pem } }').listen;
  expect(tls).toEqual({ cert: join(folder, 'tls/cert.pem'), key: join(folder, 'tls/key.pem') });
});

describe('the rehearsal provider', () => {
  const keys = 'keys: [{ id: a, secret: long-enough }]';

  test('rehearses by itself only in open mode with nothing configured', () => {
    expect(load('').rehearsal).toMatchObject({ providers: ['openai', 'gemini'] });
    expect(load(keys).rehearsal).toBe(false);
    expect(load(openai).rehearsal).toBe(false);
    expect(load('', { OPENAI_API_KEY: 'sk-env' }).rehearsal).toBe(false);
    expect(load('rehearsal: false').rehearsal).toBe(false);
  });

  test('rehearses where it is asked to, and never a configured provider', () => {
    expect(load(`rehearsal: true\n${keys}`).rehearsal).toMatchObject({ providers: ['openai', 'gemini'] });
    expect(load(`rehearsal: true\n${openai}`).rehearsal).toMatchObject({ providers: ['gemini'] });
    expect(load(`rehearsal: {}\n${openai}`).rehearsal).toMatchObject({ providers: ['gemini'] });
    expect(load(`rehearsal: true\n${openai}`, { GEMINI_API_KEY: 'g' }).rehearsal).toBe(false);
  });

  test('takes options, and says where one of them is wrong', () => {
    const { rehearsal } = load('rehearsal: { times: { firstAudioMs: 0 } }');
    expect(rehearsal).toMatchObject({
      times: { firstAudioMs: 0, tokenMs: 20 },
      faults: {},
      providers: ['openai', 'gemini'],
    });
    const lines = refusal('rehearsal: { tims: {}, faults: { close: { code: 7 } }, rateLimits: never }');
    expect(lines).toContain('rehearsal.rateLimits: expected one of start, end, got "never"');
    expect(lines.find((line) => line.startsWith('rehearsal.tims: '))).toMatch(/did you mean times\?$/);
    expect(lines.find((line) => line.startsWith('rehearsal.faults.close.code: '))).toMatch(
      /expected a close code.*, got 7$/,
    );
  });

  test('is not asked for by a word that only looks like yes', () => {
    expect(refusal('rehearsal: yes')).toEqual(['rehearsal: expected true or false or a mapping, got "yes"']);
  });
});
