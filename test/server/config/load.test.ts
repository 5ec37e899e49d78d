// The configuration file and the environment: accepted values, refused values and their messages.

import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../../server/config/load.ts';
import { ConfigError } from '../../../server/config/problem.ts';
import { ensureDevCertificate } from '../../../server/http/dev-certificate.ts';
import { configFiles } from '../../support/config-files.ts';

const { folder, load, configError, refusal } = configFiles();
const openai = 'providers: { openai: { apiKey: sk-test } }';

/** The lines of a refusal with their places; the path of the file is FILE. */
const placed = (yaml: string): string[] =>
  configError(yaml)
    .message.split('\n')
    .map((line) => line.replace(/^.*?\.yaml/, 'FILE'));

describe('loadConfig without a file', () => {
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

  test('takes the keys of providers from the environment, and then rehearses nothing', () => {
    const config = loadConfig({ env: { OPENAI_API_KEY: 'sk-env' } });
    expect(config.providers).toEqual({
      openai: {
        apiKey: 'sk-env',
        kind: 'openai',
        settings: {},
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

  test('returns data that is frozen to the bottom and survives a trip through JSON', () => {
    const config = loadConfig({ env: {} });
    expect(Object.isFrozen(config.listen.origins)).toBe(true);
    expect(Object.isFrozen(config.limits)).toBe(true);
    expect(JSON.parse(JSON.stringify(config))).toEqual(config);
  });
});

describe('loadConfig with a file', () => {
  test('takes an empty file, and one of only comments, for the defaults', () => {
    expect(load('')).toEqual(loadConfig({ env: {} }));
    expect(load('# nothing yet\n')).toEqual(loadConfig({ env: {} }));
  });

  test('reads a file as the documentation shows it', () => {
    const config = load(
      `
listen: { host: 0.0.0.0, port: 0, tlsPort: false, origins: ["https://app.example.com"] }
admin: { port: 0 }
keys:
  - { id: demo, secret: "\${TRUNKLINE_KEY}", team: web, models: ["openai/*", "gemini/gemini-live-*"], maxSessions: 50 }
providers:
  openai: { baseUrl: "wss://eu.example.com", apiKey: "\${OPENAI_API_KEY}", settings: { organization: org-1, project: proj-1 } }
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
      kind: 'openai',
      baseUrl: 'wss://eu.example.com',
      apiKey: 'sk-env',
      settings: { organization: 'org-1', project: 'proj-1' },
    });
    expect(config.providers.gemini).toMatchObject({ apiKey: 'client' });
    expect(config.limits).toMatchObject({ idleMs: 60_000, pingMs: 15_000 });
    expect(config.rehearsal).toBe(false);
  });

  test('prefers the file to the environment, which still configures the providers that the file does not name', () => {
    const { providers } = load(openai, { OPENAI_API_KEY: 'sk-env', GEMINI_API_KEY: 'g-env' });
    expect(providers.openai?.apiKey).toBe('sk-test');
    expect(providers.gemini?.apiKey).toBe('g-env');
    expect(load(openai, { OPENAI_API_KEY: 'not a key' }).providers.openai?.apiKey).toBe('sk-test');
  });

  test('says why a file cannot be read', () => {
    const reading = (file: string) => expect(() => loadConfig({ file, env: {} }));
    reading(join(folder, 'none.yaml')).toThrow(
      new ConfigError([
        {
          path: '',
          message: `expected a readable configuration file, got "${folder}/none.yaml": no such file or directory`,
        },
      ]),
    );
    reading(folder).toThrow(/^expected a readable configuration file, .*: illegal operation on a directory$/);
    reading('').toThrow(/^expected a readable configuration file, got "": no such file or directory$/);
  });

  test('says where a file is no YAML, in one line: what follows is often a consequence', () => {
    expect(placed('listen:\n  port: 1\n  port: 2\n')).toEqual(['FILE:3:3: Map keys must be unique']);
    expect(placed('listen: [\n')[0]).toMatch(/^FILE:2:1: /);
    expect(placed('a: 1\n---\nb: 2\n')[0]).toMatch(/^FILE:\d+:\d+: .*multiple documents/);
    expect(placed('listen: *none\n')[0]).toMatch(/^FILE: Unresolved alias/);
    expect(placed('admin: { token: ${TOKEN} }')).toEqual(['FILE:1:18: expected "${NAME}" in quotes inside of { }']);
  });

  test.each([
    ['*hunter2-secret', 'FILE: Unresolved alias (the anchor must be set before the alias)'],
    ['!hunter2-secret', 'FILE:3:13: expected no tag: a text that begins with ! needs quotes'],
    ['!<hunter2-secret>', 'FILE:3:13: expected no tag: a text that begins with ! needs quotes'],
    ['!e!hunter2-secret', 'FILE:3:13: expected no tag: a text that begins with ! needs quotes'],
    ['|hunter2-secret', 'FILE:3:14: Block scalar header includes extra characters'],
    ['>hunter2-secret', 'FILE:3:14: Block scalar header includes extra characters'],
  ])('does not show a secret whose missing quotes make it something else: %s', (secret, message) => {
    expect(placed(`keys:\n  - id: a\n    secret: ${secret}\n`)).toEqual([message]);
  });

  test('names the file when the whole of it is something else', () => {
    expect(placed('OPENAI_API_KEY=sk-hunter2')).toEqual(['FILE: expected a mapping, got a text']);
    expect(placed('- a\n')).toEqual(['FILE: expected a mapping, got a list']);
    expect(placed('7')).toEqual(['FILE: expected a mapping, got 7']);
  });

  test('says the line and the column of every problem, or of what a missing key belongs to', () => {
    const yaml = `
limits: { pingMs: 0, dailMs: 1 }
keys:
  - id: a
  - { id: b, secret: "\${NONE}" }
prices:
  gpt-4.1: { input: x }
`;
    expect(placed(yaml).map((line) => line.split(': ').slice(0, 2))).toEqual([
      ['FILE:5:14', 'keys[1].secret'],
      ['FILE:4:5', 'keys[0].secret'],
      ['FILE:7:14', 'prices.gpt-4.1.input'],
      ['FILE:2:11', 'limits.pingMs'],
      ['FILE:2:22', 'limits.dailMs'],
    ]);
    expect(placed('listen:\n  port: 0\nadmin: { host: 0.0.0.0 }\n')[0]).toMatch(/^FILE:3:10: admin\.host: /);
    expect(placed('listen: { port: 9090 }')[0]).toMatch(/^FILE: admin\.port: expected a port of its own/);
  });

  test('lists all problems of a file', () => {
    const lines = refusal(
      'lisen: { port: 1 }\nprocesses: 0\nlimits: { pingMs: fast }\nkeys: [{ id: a, secret: "${NONE}" }]\n',
    );
    expect(lines).toHaveLength(4);
    expect(lines).toContain(
      'limits.pingMs: expected a number of milliseconds, got "fast" (Time between pings toward clients. Two missed ones end the session.)',
    );
    expect(lines).toContain('processes: expected at least 1, got 0');
    expect(lines).toContain('keys[0].secret: the environment variable NONE is not set');
    expect(lines.find((line) => line.startsWith('lisen: '))).toMatch(/unknown key, .*listen.*; did you mean listen\?$/);
  });
});

describe('loadConfig with variables of the environment', () => {
  test('fills a variable into a secret, also as a part of it', () => {
    const { admin } = load('admin: { token: "pre-${A_1}-${B}" }', { A_1: 'one', B: 'two' });
    expect(admin.token).toBe('pre-one-two');
  });

  test('refuses a variable that is unset, empty or blank, and what is no name of one', () => {
    const token = (text: string) => refusal(`admin: { token: "${text}" }`, { EMPTY: '', BLANK: ' \n' });
    expect(token('${NONE}')).toEqual(['admin.token: the environment variable NONE is not set']);
    expect(token('${EMPTY}')).toEqual(['admin.token: the environment variable EMPTY is empty']);
    expect(token('${BLANK}')).toEqual(['admin.token: the environment variable BLANK is empty']);
    expect(token('${A-B}')).toEqual(['admin.token: expected ${NAME} with the name of a variable']);
    expect(token('abcdefgh${OPEN')).toEqual(['admin.token: expected ${NAME} with the name of a variable']);
  });

  test('refuses a variable where no secret belongs', () => {
    const [line] = refusal('providers: { openai: { apiKey: k, baseUrl: "wss://${HOST}" } }', { HOST: 'a.example' });
    expect(line).toMatch(/^providers\.openai\.baseUrl: expected a plain value: \$\{\.\.\.\} is for secrets only/);
  });

  test('reports a variable in the wrong place once, whatever else is wrong there', () => {
    expect(refusal('processes: "${N}"', { N: '2' })).toHaveLength(1);
  });

  test('refuses a variable that would turn on the forwarding of client credentials', () => {
    const [line] = refusal('providers: { openai: { apiKey: "${K}" } }', { K: 'client' });
    expect(line).toMatch(/^providers\.openai\.apiKey: expected a credential/);
  });

  test('shows no value of a variable in a refusal', () => {
    const env = { S: 'hunter2 with a space', T: 'hunter2' };
    const lines = refusal('admin: { token: "${T}" }\nkeys: [{ id: a, secret: "${S}" }]', env).join('\n');
    expect(lines).toMatch(/^admin\.token: .*\n?/m);
    expect(lines).toMatch(/^keys\[0\]\.secret: expected printable ASCII/m);
    expect(lines).not.toContain('hunter2');
  });
});

test('loadConfig resolves the paths of certificates against the file', async () => {
  await ensureDevCertificate(join(folder, 'tls'));
  const { tls } = load('listen: { tls: { cert: tls/cert.pem, key: ./tls/key.pem } }').listen;
  expect(tls).toEqual({ cert: join(folder, 'tls/cert.pem'), key: join(folder, 'tls/key.pem') });
});

describe('loadConfig with a rehearsal', () => {
  const keys = 'keys: [{ id: a, secret: long-enough }]';

  test('rehearses by default only in open mode with nothing configured', () => {
    expect(load('').rehearsal).toMatchObject({ providers: ['openai', 'gemini', 'deepgram'] });
    expect(load(keys).rehearsal).toBe(false);
    expect(load('access: keys').rehearsal).toBe(false);
    expect(load(openai).rehearsal).toBe(false);
    expect(load('', { OPENAI_API_KEY: 'sk-env' }).rehearsal).toBe(false);
    expect(load('rehearsal: false').rehearsal).toBe(false);
  });

  test('rehearses where the file says so, and never a configured provider', () => {
    expect(load(`rehearsal: true\n${keys}`).rehearsal).toMatchObject({ providers: ['openai', 'gemini', 'deepgram'] });
    expect(load(`rehearsal: true\n${openai}`).rehearsal).toMatchObject({ providers: ['gemini', 'deepgram'] });
    expect(load(`rehearsal: {}\n${openai}`).rehearsal).toMatchObject({ providers: ['gemini', 'deepgram'] });
    const others = { GEMINI_API_KEY: 'g', DEEPGRAM_API_KEY: 'd' };
    expect(load(`rehearsal: true\n${openai}`, others).rehearsal).toBe(false);
  });

  test('takes the options of the rehearsal, and says where one of them is wrong', () => {
    const { rehearsal } = load('rehearsal: { times: { firstAudioMs: 0 } }');
    expect(rehearsal).toMatchObject({
      times: { firstAudioMs: 0, tokenMs: 20 },
      faults: {},
      providers: ['openai', 'gemini', 'deepgram'],
    });
    const lines = refusal('rehearsal: { tims: {}, faults: { close: { code: 7 } }, rateLimits: never }');
    expect(lines).toContain('rehearsal.rateLimits: expected one of start, end, got "never"');
    expect(lines.find((line) => line.startsWith('rehearsal.tims: '))).toMatch(/did you mean times\?$/);
    expect(lines.find((line) => line.startsWith('rehearsal.faults.close.code: '))).toMatch(
      /expected a close code.*, got 7$/,
    );
  });

  test('takes no word that only looks like true for the rehearsal', () => {
    expect(refusal('rehearsal: yes')[0]).toMatch(/^rehearsal: expected true or false or a mapping, got "yes" \(/);
  });
});
