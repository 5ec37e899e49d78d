// Checks which key a handshake brings.

import { describe, expect, test } from 'vitest';
import { authenticate } from '../../../../../server/http/request/keys/authenticate.ts';
import { handshakeAt, policyOf } from '../../../../support/admissions.ts';
import { handshakeOf } from '../../../../support/handshakes.ts';

const keys = [
  { id: 'web', secret: 'secret-of-web' },
  { id: 'app', secret: 'secret-of-app' },
];
const TARGET = '/v1/realtime?model=m';
const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });

function keyOf(file: object, ...from: Parameters<typeof handshakeOf>) {
  const { handshake, provider } = handshakeAt(...from);
  return authenticate({ handshake, provider, policy: policyOf({ ...file }), address: '' });
}

test('takes any credential in open mode, or none', () => {
  expect(keyOf({}, TARGET)).toEqual({ key: undefined });
  expect(keyOf({}, TARGET, bearer('whatever'))).toEqual({ key: undefined });
});

test('refuses every credential where access needs keys and there are none yet', () => {
  expect(keyOf({ access: 'keys' }, TARGET, bearer('whatever'))).toMatchObject({ status: 401, code: 'invalid_key' });
});

test('finds the key by its secret', () => {
  expect(keyOf({ keys }, TARGET, bearer('secret-of-app'))).toMatchObject({ key: { id: 'app' } });
  expect(keyOf({ keys }, TARGET, { 'x-trunkline-key': 'secret-of-web' })).toMatchObject({ key: { id: 'web' } });
});

test.each(['secret-of-ap', 'secret-of-app2', 'SECRET-OF-APP'])('refuses a wrong secret: %s', (secret) => {
  const message = 'this key is not a key of this gateway';
  expect(keyOf({ keys }, TARGET, bearer(secret))).toEqual({ status: 401, code: 'invalid_key', message });
});

test('refuses a handshake without a credential, and says where it belongs', () => {
  expect(keyOf({ keys }, TARGET)).toMatchObject({
    status: 401,
    message: 'no key given; expected a key of this gateway where the SDK puts the API key',
  });
});

describe('where the credential of the client is forwarded', () => {
  const file = { keys, providers: { openai: { apiKey: 'client' } } };

  test('takes the key from x-trunkline-key alone where the credential of the client is forwarded', () => {
    const headers = { ...bearer('of-the-provider'), 'x-trunkline-key': 'secret-of-web' };
    expect(keyOf(file, TARGET, headers)).toMatchObject({ key: { id: 'web' } });
  });

  test('does not take a credential that is forwarded for a key', () => {
    expect(keyOf(file, TARGET, bearer('secret-of-web'))).toMatchObject({
      status: 401,
      message: 'no key given; expected a key of this gateway in the header x-trunkline-key',
    });
  });
});

test('looks in every place that an SDK uses where the path belongs to no provider', () => {
  const policy = policyOf({ keys });
  const handshake = handshakeOf('/v1/tasks', { 'x-goog-api-key': 'secret-of-web' });
  expect(authenticate({ handshake, policy, address: '' })).toMatchObject({ key: { id: 'web' } });
});
