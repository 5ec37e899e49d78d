// Checks which account a session is dialled with.

import { describe, expect, test } from 'vitest';
import { chooseAccount } from '../../../../server/gateway/admission/account.ts';
import { handshakeAt, policyOf } from '../../../support/admissions.ts';

const TARGET = '/v1/realtime?model=m';
const openai = { apiKey: 'sk-of-the-gateway' };
const rehearsalUrl = 'ws://127.0.0.1:4000';

function choose(file: object, headers = {}, target = TARGET) {
  return chooseAccount({ ...handshakeAt(target, headers), policy: policyOf({ ...file }, { rehearsalUrl }) });
}

describe('a configured provider', () => {
  test('dials a configured provider with the credential of the gateway, and may open connections ahead', () => {
    expect(choose({ providers: { openai } }, { authorization: 'Bearer of-the-client' })).toMatchObject({
      upstream: {
        url: 'wss://api.openai.com/v1/realtime?model=m',
        headers: { authorization: 'Bearer sk-of-the-gateway' },
      },
      allowPrivate: false,
      preconnect: { connections: 2 },
      isRehearsal: false,
    });
  });

  test('dials a configured provider at its base URL, which may be private', () => {
    const private_ = { ...openai, baseUrl: 'ws://127.0.0.1:9', allowPrivate: true, preconnect: { connections: 0 } };
    expect(choose({ providers: { openai: private_ } })).toMatchObject({
      upstream: { url: 'ws://127.0.0.1:9/v1/realtime?model=m' },
      allowPrivate: true,
      preconnect: { connections: 0 },
    });
  });

  test('dials a configured provider with its own settings', () => {
    expect(choose({ providers: { openai: { ...openai, settings: { project: 'proj_1' } } } })).toMatchObject({
      upstream: { headers: { 'openai-project': 'proj_1' } },
    });
  });

  test('dials an endpoint at the host of its own, unless the configuration names one for the provider', () => {
    const { endpoint, ...rest } = handshakeAt(TARGET);
    const elsewhere = { ...rest, endpoint: { ...endpoint, baseUrl: 'wss://other.example' } };
    const at = (account: object) =>
      chooseAccount({ ...elsewhere, policy: policyOf({ providers: { openai: account } }) });
    expect(at(openai)).toMatchObject({ upstream: { url: `wss://other.example${TARGET}` } });
    const named = { ...openai, baseUrl: 'wss://named.example' };
    expect(at(named)).toMatchObject({ upstream: { url: `wss://named.example${TARGET}` } });
  });

  test('never rehearses a configured provider', () => {
    expect(choose({ providers: { openai }, rehearsal: true })).toMatchObject({ isRehearsal: false });
  });
});

describe('with apiKey: client', () => {
  const file = { providers: { openai: { apiKey: 'client' } } };

  test('forwards the credential of the client', () => {
    expect(choose(file, { authorization: 'Bearer of-the-client' })).toMatchObject({
      upstream: { headers: { authorization: 'Bearer of-the-client' } },
    });
  });

  test.each([
    ['no credential', TARGET],
    ['a credential that fits into no header', `${TARGET}&key=a%0D%0Ab`],
  ])('refuses to forward %s', (_what, target) => {
    expect(choose(file, {}, target)).toMatchObject({ status: 401, code: 'invalid_key' });
  });
});

describe('a provider that is not configured', () => {
  test('rehearses a provider that is not configured', () => {
    expect(choose({})).toMatchObject({
      upstream: { url: `${rehearsalUrl}/v1/realtime?model=m` },
      allowPrivate: true,
      preconnect: undefined,
      isRehearsal: true,
    });
  });

  test('refuses a provider that is not configured without a rehearsal, and while the rehearsal does not listen', () => {
    const refusal = { status: 503, code: 'provider_not_configured' };
    expect(choose({ rehearsal: false })).toMatchObject(refusal);
    expect(chooseAccount({ ...handshakeAt(TARGET), policy: policyOf() })).toMatchObject(refusal);
    expect(choose({ providers: { gemini: { apiKey: 'k' } } })).toMatchObject({
      message: 'the provider openai is not configured; expected providers.openai or OPENAI_API_KEY',
    });
  });
});
