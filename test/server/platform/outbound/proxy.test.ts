// Tests which connections go through a proxy.

import { expect, test } from 'vitest';
import { proxyFor } from '../../../../server/platform/outbound/proxy.ts';

const settings = { https: 'http://secure.proxy:3128/', http: 'http://plain.proxy:3128/', except: [] as string[] };
const proxyOf = (url: string, ...except: string[]) => proxyFor(new URL(url), { ...settings, except })?.hostname;

test.each([
  ['https://api.example.com', 'secure.proxy'],
  ['wss://api.example.com/v1', 'secure.proxy'],
  ['http://api.example.com', 'plain.proxy'],
  ['ws://api.example.com', 'plain.proxy'],
])('%s goes through the proxy of its scheme', (url, proxy) => expect(proxyOf(url)).toBe(proxy));

test('without settings, or without a proxy for the scheme, a URL is dialled directly', () => {
  expect(proxyFor(new URL('https://api.example.com'), undefined)).toBeUndefined();
  expect(proxyFor(new URL('http://a.example'), { ...settings, http: undefined })).toBeUndefined();
});

test.each([
  ['*', 'wss://api.example.com'],
  ['api.example.com', 'wss://api.example.com'],
  ['API.Example.Com', 'wss://api.example.com'],
  ['example.com', 'wss://api.example.com'],
  ['.example.com', 'wss://api.example.com'],
  ['*.example.com', 'wss://api.example.com'],
  ['api.example.com:443', 'wss://api.example.com'],
  ['api.example.com:8443', 'wss://api.example.com:8443'],
  ['10.1.2.3', 'http://10.1.2.3:4000'],
  ['10.0.0.0/8', 'http://10.1.2.3:4000'],
  ['::1', 'http://[::1]:4000'],
  ['[::1]:4000', 'http://[::1]:4000'],
  ['fd00::/8', 'http://[fd12::1]'],
  ['localhost', 'http://localhost:4000'],
])('NO_PROXY %s holds for %s', (entry, url) => expect(proxyOf(url, 'other.example', entry)).toBeUndefined());

test.each([
  ['example.com', 'wss://badexample.com'],
  ['.example.com', 'wss://example.com'],
  ['api.example.com:8443', 'wss://api.example.com'],
  ['10.0.0.0/8', 'http://11.1.2.3'],
  ['10.0.0.0/99', 'http://10.1.2.3'],
  ['10.0.0.0/8', 'wss://ten.example.com'],
  ['.', 'wss://example.com'],
])('NO_PROXY %s does not hold for %s', (entry, url) => expect(proxyOf(url, entry)).toBeDefined());
