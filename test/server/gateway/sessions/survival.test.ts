// Tests who says whether a session survives its provider, and what a client is told of it.

import type { IncomingHttpHeaders } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
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
