// Checks what a key may ask for in a handshake.

import { expect, test } from 'vitest';
import type { Key } from '../../../../server/config/config.ts';
import { authorizeResource } from '../../../../server/gateway/admission/authorize.ts';
import { handshakeAt } from '../../../support/admissions.ts';
import { refusedUpgrade, startGateway } from '../../../support/gateway.ts';
import { as, LIVE, liveSession, open, startIdProvider } from '../../../support/id-provider.ts';

const authorize = (target: string, models?: string[]) =>
  authorizeResource({ ...handshakeAt(target), key: { id: 'web', secret: 'secret-of-web', models } as Key });

test('finds the model of the handshake', () => {
  expect(authorize('/v1/realtime?model=gpt-realtime-2.1')).toEqual({ model: 'gpt-realtime-2.1' });
  expect(authorize('/v1/responses')).toEqual({ model: undefined });
  expect(authorizeResource({ ...handshakeAt('/v1/realtime?model=m'), key: undefined })).toEqual({ model: 'm' });
});

test.each([
  ['openai/gpt-*', '/v1/realtime?model=gpt-realtime-2.1', true],
  ['*/gpt-*', '/v1/realtime?model=gpt-realtime-2.1', true],
  ['gemini/*', '/v1/realtime?model=gpt-realtime-2.1', false],
  ['openai/other', '/v1/realtime?model=gpt-realtime-2.1', false],
  // Frames name the model, and are checked then.
  ['openai/other', '/v1/responses', true],
  // A model that cannot be known needs the whole provider.
  ['openai/gpt-*', '/v1/realtime', false],
  ['openai/*', '/v1/realtime', true],
  // Calls had theirs checked when they were made; else it is checked when it is known whose they are.
  ['openai/gpt-*', '/v1/realtime?call_id=rtc_1', true],
])('holds the list %s at %s: allowed is %s', (pattern, target, isAllowed) => {
  expect('model' in authorize(target, [pattern])).toBe(isAllowed);
});

test('says what the key may not use', () => {
  expect(authorize('/v1/realtime?model=m', ['openai/other'])).toEqual({
    status: 403,
    code: 'model_not_allowed',
    message: 'this key may not use the model m',
  });
  expect(authorize('/v1/realtime', ['openai/other'])).toMatchObject({
    message: 'this key may not open a session whose model cannot be known; that needs openai/*',
  });
});

test('a session of Live is joined and copied by the key that was given it, whatever its models, and by one that may join any', async () => {
  const provider = await startIdProvider();
  const models = ['openai/gpt-live-1'];
  const gateway = await startGateway({
    providers: { openai: { baseUrl: provider.url, apiKey: 'secret-of-provider', allowPrivate: true } },
    keys: [
      { id: 'ann', secret: 'secret-of-ann', models },
      { id: 'bob', secret: 'secret-of-bob' },
      { id: 'any', secret: 'secret-of-any', callIds: 'any' },
      { id: 'listed', secret: 'secret-of-listed', callIds: 'any', models },
    ],
    limits: { usageMs: 50 },
    findOwners: async (digests) => digests.map(() => null),
  });
  const id = await liveSession(gateway, 'ann');
  const refused = async (key: string, target: string) => (await refusedUpgrade(gateway.url + target, as(key))).body;
  for (const what of ['attach', 'fork']) {
    const path = `${LIVE}/${id}/${what}`;
    for (const body of [await refused('bob', path), await refused('ann', `${LIVE}/of-nobody/${what}`)]) {
      expect(JSON.parse(body).error.code).toBe('id_not_issued');
      expect(body).toContain('session_id: expected an id that this key was given');
    }
    // The model of a session of others cannot be known.
    expect(await refused('listed', path)).toContain('model_not_allowed');
    for (const key of ['ann', 'any']) (await open(gateway, key, path)).close();
  }
  await gateway.close();
  await provider.close();
});
