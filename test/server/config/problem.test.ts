// The words of problems: the path, what was expected, what was found, what was probably meant. No secret is shown.

import { expect, test } from 'vitest';
import { configFiles } from '../../support/config-files.ts';

const { refusal } = configFiles();

test.each([
  ['listen: { port: 70000 }', 'listen.port: expected at most 65535, got 70000'],
  [
    'listen: { tlsPort: true }',
    'listen.tlsPort: expected a number or false, got true (Port for HTTPS and WebSocket over TLS. 0 takes a free one, false switches TLS off.)',
  ],
  ['listen:', 'listen: expected a mapping, got nothing (The public listener.)'],
  ['webhooks:', 'webhooks: expected a list, got nothing (Where events are sent.)'],
  [
    'keys: [{ id: a }]',
    'keys[0].secret: missing, expected a text (What clients send as their API key. At least 8 characters, unique.)',
  ],
  [
    'keys: [{ id: a, secret: short12 }]',
    'keys[0].secret: expected at least 8 characters, got another text (not shown)',
  ],
  [
    'keys: [{ id: a, secret: 1234567890 }]',
    'keys[0].secret: expected a text in quotes, got a number (What clients send as their API key. At least 8 characters, unique.)',
  ],
  ['keys: [{ id: a, secret: long-enough, models: [] }]', 'keys[0].models: expected at least 1 entry, got 0'],
  ['limits: { drainMs: 3000000000 }', 'limits.drainMs: expected at most 2147483647, got 3000000000'],
  [
    'limits: { drainMs: 0.5 }',
    'limits.drainMs: expected a whole number of milliseconds, got 0.5 (Time that live sessions go on after SIGTERM.)',
  ],
  [
    'limits: { maxHeaderBytes: 8k }',
    'limits.maxHeaderBytes: expected a number of bytes, got "8k" (Request line and headers together, in bytes.)',
  ],
  [
    'budgets: [{ window: day, maxUsd: $5 }]',
    'budgets[0].maxUsd: expected a number of US dollars, got "$5" (Most that may be spent in one window.)',
  ],
  ['routes: { realtime: {} }', 'routes.realtime: expected a path that begins with /, got "realtime"'],
  ['classes: { A_b: {} }', 'classes.A_b: expected a name in kebab-case, got "A_b"'],
  [
    'tasks: [{ kind: title, class: rehearsal, when: never }]',
    'tasks[0].when: expected one of end, demand or a mapping, got "never" (When it runs: end, demand, { everyTurns: N } or { everyMinutes: T }.)',
  ],
  [
    'tasks: [{ kind: title, class: rehearsal, when: { everyMinutes: 0 } }]',
    'tasks[0].when.everyMinutes: expected at least 0.01, got 0',
  ],
  [
    'aliases: { a: { targets: [{ gateway: rehearsal, model: m, weight: 0 }] } }',
    'aliases.a.targets[0].weight: expected more than 0, got 0',
  ],
  ['log: { level: loud }', 'log.level: expected one of trace, debug, info, warn, error, fatal, silent, got "loud"'],
  ['listen: { origins: ["*"] }', 'listen.origins[0]: expected an origin such as https://app.example.com, got "*"'],
  [
    'listen: { origins: ["https://a.example/"] }',
    'listen.origins[0]: expected an origin such as https://app.example.com, got "https://a.example/"',
  ],
  [
    'providers: { openai: { apiKey: k, baseUrl: "wss://api.example.com/?key=hunter2" } }',
    'providers.openai.baseUrl: expected a URL without query and fragment',
  ],
  [
    'listen: { tls: { cert: a, key: "-----BEGIN PRIVATE KEY-----\\nhunter2\\n-----END PRIVATE KEY-----\\n" } }',
    'listen.tls.key: expected the path of a file, got a text in PEM (not shown)',
  ],
  [
    'listen: { tls: { cert: a, key: -----BEGIN PRIVATE KEY----- hunter2 -----END PRIVATE KEY----- } }',
    'listen.tls.key: expected the path of a file, got a text in PEM (not shown)',
  ],
])('%s is refused with the message %s', (yaml, line) => expect(refusal(yaml)).toEqual([line]));

test('a problem shows no text where a structure is expected: it may be a secret', () => {
  expect(refusal('keys: [hunter2]')).toEqual(['keys[0]: expected a mapping, got a text']);
  expect(refusal('regulated: hunter2')).toEqual([
    'regulated: expected a mapping, got a text (Sessions of the data class regulated.)',
  ]);
});

test('a problem suggests the name that was probably meant', () => {
  expect(refusal('providers: { opnai: { apiKey: x } }')[0]).toMatch(
    /^providers\.opnai: no kind is given, .*mean openai\?$/,
  );
  expect(refusal('providers: { openai: { apikey: x } }').join()).toMatch(/providers\.openai\.apikey: .*mean apiKey\?/);
  const key = (models: string) => `keys: [{ id: a, secret: long-enough, models: [${models}] }]`;
  expect(refusal(key('x/y'))[0]).toMatch(/^keys\[0\]\.models\[0\]: unknown provider "x", expected one of [^;]+$/);
  expect(refusal('gateways: { r: { profile: opnrouter } }')[0]).toMatch(
    /, got "opnrouter"; did you mean openrouter\?$/,
  );
  expect(refusal('limits: { timeout: 5 }')[0]).toMatch(/^limits\.timeout: unknown key, expected one of [^;]+$/);
  expect(refusal('tasks: [{ kind: title, class: rehearsal, when: { everyTurn: 3 } }]')).toContain(
    'tasks[0].when.everyTurn: unknown key, expected one of everyTurns, everyMinutes; did you mean everyTurns?',
  );
  expect(refusal(key('opnai/x'))[0]).toMatch(/^keys\[0\]\.models\[0\]: unknown provider "opnai", .*mean openai\?$/);
  expect(refusal(key('gpt-realtime'))[0]).toMatch(/expected provider\/model/);
});

test('twenty unknown keys of a mapping are reported, which may hold a million', () => {
  const lines = refusal(JSON.stringify(Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`key${i}`, i]))));
  expect(lines).toHaveLength(20);
});
