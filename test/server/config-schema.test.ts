// The addresses of providers: none that leads inside without saying so, none that holds a credential.

import { describe, expect, test } from 'vitest';
import { configFiles } from '../support/config-files.ts';

const { load, refusal } = configFiles();

describe('the address of a provider', () => {
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
  ])('%s needs allowPrivate', (url) => {
    expect(line(`baseUrl: "${url}"`)[0]).toMatch(/^providers\.openai\.baseUrl: expected .*allowPrivate: true/);
    const { providers } = load(`providers: { openai: { apiKey: k, allowPrivate: true, baseUrl: "${url}" } }`);
    expect(providers.openai?.baseUrl).toBe(url);
  });

  test.each([
    ['https://api.example.com', 'expected a wss: URL'],
    ['nonsense', 'expected a URL such as'],
    ['wss://api.example.com/?a=b', 'expected a URL without query'],
  ])('%s: %s', (url, message) => expect(line(`baseUrl: "${url}"`)[0]).toContain(message));

  test('holds no credential, and a refused one is not shown', () => {
    const refused = line('baseUrl: "wss://user:hunter2@api.example.com", allowPrivate: true');
    expect(refused[0]).toContain('expected a URL without a credential');
    expect(refused.join()).not.toContain('hunter2');
  });
});
