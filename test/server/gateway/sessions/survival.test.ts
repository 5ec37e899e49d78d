// Tests who says whether a session survives its provider, and what a client is told of it.

import type { IncomingHttpHeaders } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { loadConfig } from '../../../../server/config/load.ts';
import { configFile } from '../../../support/config-file.ts';
import { refusedUpgrade, startGateway } from '../../../support/gateway.ts';
import { closed } from '../../../support/inbox.ts';
import { endCalls, onEnd, survivingCall } from '../../../support/surviving-call.ts';
import { until } from '../../../support/until.ts';

afterEach(endCalls);

describe('whether a session survives', () => {
  const plain = '/v1/realtime?model=gpt-realtime-2.1';

  test('is off unless somebody asks', async () => {
    const { leg, client, upstream } = await survivingCall({}, {}, plain);
    (await leg(1)).ws.close(1011);
    expect(await closed(client)).toMatchObject({ code: 1011 });
    expect(upstream.legs).toHaveLength(1);
  });

  test.each([
    ['the path', { survive: { paths: ['/v1/realtime'] } }, plain],
    ['the key', { keys: [{ id: 'k', secret: 'secret-of-k', survive: 'provider' }] }, `${plain}&key=secret-of-k`],
  ])('may be said by %s, and the 101 tells', async (_, config, path) => {
    const { leg, upstream } = await survivingCall({}, config, path);
    (await leg(1)).ws.close(1011);
    await until(() => upstream.legs.length === 2);
    const gateway = await startGateway({ provider: upstream.provider.url, ...config });
    onEnd(() => gateway.close());
    const answered = await upgradeHeaders(gateway.url + path);
    expect(answered['x-trunkline-survives']).toBe('provider');
    expect(
      (await upgradeHeaders(`${gateway.url}${path}&trunkline-survive=none`))['x-trunkline-survives'],
    ).toBeUndefined();
  });

  test.each([
    [
      '/v1/realtime?model=m&trunkline-survive=maybe',
      'expected provider or client or both or none as the trunkline-survive',
    ],
    ['/v1/responses?trunkline-survive=provider', 'cannot go on at another socket'],
  ])('is refused where it cannot be: %s', async (path, message) => {
    const gateway = await startGateway({ provider: 'ws://127.0.0.1:9' });
    onEnd(() => gateway.close());
    const { status, body } = await refusedUpgrade(gateway.url + path, {});
    expect([status, body]).toEqual([400, expect.stringContaining(message)]);
  });
});

describe('the next socket of a session', () => {
  const account = { apiKey: 'provider-secret', allowPrivate: true };
  const reload = ({ gateway, upstream }: Awaited<ReturnType<typeof survivingCall>>, openai: object) => {
    const { url: baseUrl } = upstream.provider;
    const file = configFile({ providers: { openai: { ...account, baseUrl, ...openai } }, limits: { surviveMs: 300 } });
    gateway.gateway.useConfig(loadConfig({ file, env: {} }));
  };

  test('is dialled with the credential that its account has by then, and that one is masked', async () => {
    const call = await survivingCall();
    const first = await call.leg(1);
    reload(call, { apiKey: 'another-secret' });
    first.ws.terminate();
    const second = await call.leg(2);
    expect(second.request.headers.authorization).toBe('Bearer another-secret');
    second.send({ type: 'error', error: { message: 'the key another-secret is at its limit' } });
    await until(() => call.types().includes('error'));
    expect(call.events.at(-1)).toMatchObject({ error: { message: `the key ${'*'.repeat(14)} is at its limit` } });
  });

  test.each([
    ['has the model no more', { models: ['gpt-other'] }],
    ['may not have such data any more', { dataClasses: ['regulated'] }],
  ])('is not that of an account that %s', async (_, changed) => {
    const call = await survivingCall({}, { limits: { surviveMs: 300 } });
    const first = await call.leg(1);
    reload(call, changed);
    first.ws.terminate();
    expect(await closed(call.client)).toMatchObject({ code: 1011 });
    expect(call.upstream.legs).toHaveLength(1);
  });
});

/** The headers of a 101. */
function upgradeHeaders(url: string): Promise<IncomingHttpHeaders> {
  return new Promise((resolve, reject) => {
    const client = new WebSocket(url);
    client.once('upgrade', ({ headers }) => {
      resolve(headers);
      client.terminate();
    });
    client.once('error', reject);
  });
}

test('a session whose provider refuses another socket for good ends at once', async () => {
  let isRefusing = false;
  let refusals = 0;
  const { leg, client } = await survivingCall({
    onUpgrade(_, socket) {
      if (!isRefusing) return false;
      refusals += 1;
      socket.end('HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n');
      return true;
    },
  });
  const first = await leg(1);
  isRefusing = true;
  first.ws.close(1011, 'gone');
  expect(await closed(client)).toMatchObject({ code: 1011, reason: 'gone' });
  expect(refusals).toBe(1);
});
