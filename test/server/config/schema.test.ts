// The settings of providers: those of one alone, no private address without allowPrivate, no credential in a URL, bounds of connections opened ahead.

import { describe, expect, test } from 'vitest';
import { configFiles } from '../../support/config-files.ts';

const { load, refusal } = configFiles();

describe('the base URL of a provider', () => {
  const line = (fields: string) => refusal(`providers: { openai: { apiKey: k, ${fields} } }`);

  test.each([
    'ws://127.0.0.1:9',
    'wss://127.1',
    'wss://0x7f000001',
    'wss://2130706433',
    'wss://[::1]',
    'wss://[::ffff:10.0.0.1]',
    'wss://10.1.2.3',
    'wss://169.254.169.254',
    'wss://localhost',
    'ws://api.example.com',
  ])('%s is refused without allowPrivate', (url) => {
    expect(line(`baseUrl: "${url}"`)[0]).toMatch(/^providers\.openai\.baseUrl: expected .*allowPrivate: true/);
    const { providers } = load(`providers: { openai: { apiKey: k, allowPrivate: true, baseUrl: "${url}" } }`);
    expect(providers.openai?.baseUrl).toBe(url);
  });

  test.each([
    ['https://api.example.com', 'expected a wss: URL'],
    ['nonsense', 'expected a URL such as'],
    ['wss://api.example.com/?a=b', 'expected a URL without query'],
  ])('%s is refused with the message %s', (url, message) => expect(line(`baseUrl: "${url}"`)[0]).toContain(message));

  test('a base URL that holds a credential is refused and not shown', () => {
    const refused = line('baseUrl: "wss://user:hunter2@api.example.com", allowPrivate: true');
    expect(refused[0]).toContain('expected a URL without a credential');
    expect(refused.join()).not.toContain('hunter2');
  });
});

describe('settings of one provider', () => {
  test('settings of one provider are those of its kind', () => {
    const settings = { organization: 'org', project: 'proj' };
    const file = 'providers: { openai: { apiKey: k, settings: { organization: org, project: proj } } }';
    expect(load(file).providers.openai).toMatchObject({ kind: 'openai', settings, allowPrivate: false });
  });

  test('settings of one provider are refused for another', () => {
    const [line] = refusal('providers: { deepgram: { apiKey: k, settings: { organization: org } } }');
    expect(line).toBe('providers.deepgram.settings.organization: expected none: deepgram has no settings');
    const [misspelt] = refusal('providers: { openai: { apiKey: k, settings: { organisation: org } } }');
    expect(misspelt).toMatch(/^providers\.openai\.settings\.organisation: unknown setting .*did you mean organization/);
  });

  test('clients of another vocabulary are for kinds that are spoken in two', () => {
    expect(load('providers: { openai: { apiKey: k, clients: beta } }').providers.openai).toMatchObject({
      clients: 'beta',
    });
    expect(load('providers: { stepfun: { apiKey: k, clients: ga } }').providers.stepfun).toMatchObject({
      clients: 'ga',
    });
    const [line] = refusal('providers: { deepgram: { apiKey: k, clients: beta } }');
    expect(line).toBe('providers.deepgram.clients: expected none: deepgram has one vocabulary');
    const [unknown] = refusal('providers: { openai: { apiKey: k, clients: gamma } }');
    expect(unknown).toMatch(/^providers\.openai\.clients: .*beta.*ga/);
  });

  test('settings that go into a header have to fit into one', () => {
    const [line] = refusal('providers: { openai: { apiKey: k, settings: { project: "a b" } } }');
    expect(line).toMatch(/^providers\.openai\.settings\.project: expected printable ASCII without spaces/);
  });
});

describe('preconnect', () => {
  const preconnect = (fields: string) => `providers: { openai: { apiKey: k, preconnect: { ${fields} } } }`;

  test('takes a number of connections and their age, with defaults', () => {
    expect(load('providers: { openai: { apiKey: k } }').providers.openai?.preconnect).toEqual({
      connections: 2,
      maxAgeMs: 30_000,
    });
    expect(load(preconnect('connections: 0')).providers.openai?.preconnect).toEqual({
      connections: 0,
      maxAgeMs: 30_000,
    });
    expect(load(preconnect('connections: 16, maxAgeMs: 1000')).providers.openai?.preconnect.connections).toBe(16);
  });

  test.each([
    ['connections: 17', 'providers.openai.preconnect.connections: expected at most 16, got 17'],
    ['connections: -1', 'providers.openai.preconnect.connections: expected at least 0, got -1'],
    ['maxAgeMs: 999', 'providers.openai.preconnect.maxAgeMs: expected at least 1000, got 999'],
  ])('refuses %s, which is out of bounds', (fields, line) => expect(refusal(preconnect(fields))).toEqual([line]));
});
