// Tests which account serves a session where several may: by the path, by the model, by the lists of keys and of accounts.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openClient, refusedUpgrade, startGateway, type TestGateway } from '../../../support/gateway.ts';
import { type FakeProvider, startProvider } from '../../../support/provider.ts';

const KEYS = [
  { id: 'all', secret: 'secret-of-all' },
  { id: 'azure', secret: 'secret-of-azure', models: ['azure/*'] },
  { id: 'second', secret: 'secret-of-second', models: ['second/*'] },
  { id: 'grok', secret: 'secret-of-grok', models: ['xai/*'] },
];

let gateway: TestGateway;
let upstream: FakeProvider;

beforeAll(async () => {
  upstream = await startProvider();
  const account = (name: string, more: object = {}) => ({
    baseUrl: `${upstream.url}/at-${name}`,
    apiKey: `key-at-${name}`,
    allowPrivate: true,
    ...more,
  });
  gateway = await startGateway({
    keys: KEYS,
    providers: {
      openai: account('openai'),
      second: account('second', { kind: 'openai', auth: 'header:X-Own-Key', headers: { 'x-tenant': 'blue' } }),
      special: account('special', { kind: 'openai', models: ['special-*'], path: '/elsewhere' }),
      azure: account('azure'),
      xai: account('xai'),
    },
  });
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

/** The request that the provider saw. */
async function dialled(target: string, key = 'secret-of-all') {
  const before = upstream.requests.length;
  const client = await openClient(gateway.url + target, { headers: { authorization: `Bearer ${key}` } });
  client.terminate();
  const [seen] = upstream.requests.slice(before);
  return { url: seen?.url, headers: seen?.headers ?? {} };
}

const refused = async (target: string, key: string) => {
  const { status, body } = await refusedUpgrade(gateway.url + target, { headers: { authorization: `Bearer ${key}` } });
  return [status, JSON.parse(body).error];
};

describe('an account is named', () => {
  test('by the first segment of the path, behind which is the path of its kind', async () => {
    expect((await dialled('/second/v1/realtime?model=m')).url).toBe('/at-second/v1/realtime?model=m');
    expect((await dialled('/openai/v1/responses')).url).toBe('/at-openai/v1/responses');
    expect((await dialled('/azure/openai/v1/realtime?model=d')).url).toBe('/at-azure/openai/v1/realtime?model=d');
    expect((await dialled('/xai/v1/realtime?model=grok')).url).toBe('/at-xai/v1/realtime?model=grok');
  });

  test('by the model, whose other bytes stay', async () => {
    const { url } = await dialled('/v1/realtime?a=%20b&model=second/gpt%2Dx&c');
    expect(url).toBe('/at-second/v1/realtime?a=%20b&model=gpt%2Dx&c');
    expect((await dialled('/v1/realtime?model=xai%2Fgrok')).url).toBe('/at-xai/v1/realtime?model=grok');
  });

  test('by a model whose bytes are percent-encoded, well or not', async () => {
    const { url } = await dialled('/v1/realtime?model=%73econd/a%zz');
    expect(url).toBe('/at-second/v1/realtime?model=a%25zz');
  });

  test('by the model of a provider whose own path is another', async () => {
    const { url } = await dialled('/v1/realtime?model=azure/my-deployment');
    expect(url).toBe('/at-azure/openai/v1/realtime?model=my-deployment');
  });

  test('by no model on a path that names one, and by no name that nobody has', async () => {
    expect((await dialled('/second/v1/realtime?model=xai/m')).url).toBe('/at-second/v1/realtime?model=xai/m');
    expect((await dialled('/v1/realtime?model=vendor/m')).url).toBe('/at-openai/v1/realtime?model=vendor/m');
  });
});

describe('where nothing names an account', () => {
  test('the first that has the path serves, of those whose models the key may use', async () => {
    expect((await dialled('/v1/realtime?model=m')).url).toMatch('/at-openai/');
    expect((await dialled('/v1/realtime?model=m', 'secret-of-second')).url).toMatch('/at-second/');
    expect((await dialled('/v1/realtime?model=m', 'secret-of-grok')).url).toMatch('/at-xai/');
  });

  test('a path that begins with the name of another provider is of a key that has its owner alone', async () => {
    expect((await dialled('/openai/v1/realtime?model=m')).url).toBe('/at-openai/v1/realtime?model=m');
    const { url } = await dialled('/openai/v1/realtime?model=m', 'secret-of-azure');
    expect(url).toBe('/at-azure/openai/v1/realtime?model=m');
  });
});

test('an account with a list of models has no others, and its own path is dialled', async () => {
  expect((await dialled('/special/v1/realtime?model=special-1')).url).toBe('/at-special/elsewhere?model=special-1');
  expect(await refused('/special/v1/realtime?model=other', 'secret-of-all')).toMatchObject([
    403,
    { code: 'model_not_allowed', message: 'special has no model other; expected one of special-*' },
  ]);
});

test('an account has its credential where it says, and its headers', async () => {
  const { headers } = await dialled('/second/v1/realtime?model=m');
  expect(headers).toMatchObject({ 'x-own-key': 'key-at-second', 'x-tenant': 'blue' });
  expect(headers.authorization).toBeUndefined();
});

test('a name that no account has is no path, and a key keeps to its lists on any path', async () => {
  expect(await refused('/nobody/v1/realtime?model=m', 'secret-of-all')).toMatchObject([404, { code: 'unknown_path' }]);
  expect(await refused('/xai/v1/realtime?model=m', 'secret-of-second')).toMatchObject([
    403,
    { code: 'model_not_allowed' },
  ]);
  expect(await refused('/v1/realtime?model=xai/m', 'secret-of-second')).toMatchObject([
    403,
    { code: 'model_not_allowed' },
  ]);
});

test('the record of a session has the name of its account, and the path of its kind', async () => {
  const ends = gateway.ended.length;
  await dialled('/second/v1/realtime?model=m');
  await expect.poll(() => gateway.ended.slice(ends).some(({ provider }) => provider === 'second')).toBe(true);
  expect(gateway.ended.find(({ provider }) => provider === 'second')?.route).toBe('/v1/realtime');
});
