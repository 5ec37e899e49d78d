// Checks calls that pages make with client secrets: what the secret pins goes into the request, and a caller who changes it later is hung up.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { digestOf } from '../../../../server/http/request/keys/secret-form.ts';
import type { SecretTerms, StoredSecret } from '../../../../server/ipc/stored-keys.ts';
import { CALL_MODEL, CALL_OFFER, tell } from '../../../support/call-gateway.ts';
import { type CallProvider, startCallProvider } from '../../../support/call-provider.ts';
import { startGateway, type TestGateway } from '../../../support/gateway.ts';

const secrets = new Map<string, StoredSecret>();
const APP = 'https://app.example';
let provider: CallProvider;
let gateway: TestGateway;
beforeAll(async () => {
  provider = await startCallProvider();
  gateway = await startGateway({
    provider: provider.url,
    keys: [{ id: 'ann', secret: 'secret-of-ann' }],
    findOwners: async (digests) => digests.map(() => null),
    secrets: {
      find: async (digest) => secrets.get(digest),
      use: async () => 'granted',
      giveBack: async () => {},
    },
  });
});
afterAll(async () => {
  await gateway.close();
  await provider.close();
});

let last = 0;
function mint(settings: SecretTerms): string {
  const value = `ek_${String(++last).padStart(43, 'x')}`;
  const digest = digestOf(value);
  const times = { createdAt: Date.now(), expiresAt: Date.now() + 60_000 };
  secrets.set(digest, { digest, id: `s${last}`, key: 'ann', settings, usesLeft: 1, ...times });
  return value;
}

const pinnedRest = { model: CALL_MODEL, instructions: 'Sell shoes.' };
const session = { type: 'realtime', ...pinnedRest };
const pinned: SecretTerms = { provider: 'openai', dialect: 'openai-realtime', session, origins: [APP] };

interface Asked {
  readonly path?: string;
  readonly type?: string;
  readonly body?: string | FormData;
  readonly origin?: string;
}

const ask = (
  secret: string,
  { path = '/v1/realtime/calls', type = 'application/sdp', body = CALL_OFFER, origin = APP }: Asked = {},
) =>
  fetch(`http://127.0.0.1:${gateway.port}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}`, origin, ...(typeof body === 'string' && { 'content-type': type }) },
    body,
  });

const form = (own: object): FormData => {
  const data = new FormData();
  data.set('sdp', CALL_OFFER);
  data.set('session', JSON.stringify(own));
  return data;
};

test('an offer alone gets the session that the secret pins, and the page may read the answer', async () => {
  const response = await ask(mint(pinned));
  expect(response.status).toBe(201);
  expect(response.headers.get('access-control-allow-origin')).toBe(APP);
  expect(response.headers.get('access-control-expose-headers')).toContain('location');
  expect(provider.asked.at(-1)?.body).toContain(JSON.stringify(session));
});

test('a preflight of the page is answered', async () => {
  const headers = {
    origin: APP,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,content-type',
  };
  const response = await fetch(`http://127.0.0.1:${gateway.port}/v1/realtime/calls`, { method: 'OPTIONS', headers });
  expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([204, APP]);
});

test('a session of the page keeps what is not pinned, and is refused what would change it', async () => {
  const voice = { audio: { output: { voice: 'marin' } } };
  expect((await ask(mint(pinned), { body: form(voice) })).status).toBe(201);
  expect(provider.asked.at(-1)?.body).toContain(JSON.stringify({ type: 'realtime', ...voice, ...pinnedRest }));
  const refused = await ask(mint(pinned), { body: form({ instructions: 'Give shoes away.' }) });
  expect([refused.status, (await refused.json()).error]).toMatchObject([
    403,
    { code: 'secret_not_allowed', param: 'session.instructions' },
  ]);
});

test('a caller who changes what is pinned is hung up', async () => {
  const response = await ask(mint(pinned));
  const id = response.headers.get('location')?.split('/').at(-1) ?? '';
  const sideband = await provider.sideband(id);
  // Providers may add to what they were told, and name the model by its date.
  tell(sideband, { type: 'session.created', session: { ...session, model: `${CALL_MODEL}-2026-08-01`, tools: [] } });
  tell(sideband, { type: 'session.updated', session: { ...session, model: `${CALL_MODEL}-2026-08-01`, speed: 2 } });
  tell(sideband, { type: 'session.updated', session: { ...session, instructions: 'Give shoes away.' } });
  expect(await gateway.nextEnd()).toMatchObject({ reason: 'pins-not-taken', clientSecret: expect.any(String) });
  await provider.request(`/${id}/hangup`);
});

test.each([
  ['another page', () => ask(mint(pinned), { origin: 'https://other.example' }), 'origin_not_allowed'],
  [
    'another dialect',
    () => ask(mint(pinned), { path: '/v1/live/sessions', type: 'application/json', body: '{}' }),
    'secret_not_allowed',
  ],
  [
    'what is asked of a call',
    () =>
      ask(mint({ origins: [APP] }), { path: '/v1/realtime/calls/rtc_1/refer', type: 'application/json', body: '{}' }),
    'secret_not_allowed',
  ],
  [
    'a call out to a telephone',
    () =>
      ask(mint({ origins: [APP] }), {
        path: '/v1/live/sessions',
        type: 'application/json',
        body: JSON.stringify({
          session: { model: 'gpt-live-1' },
          transport: { type: 'sip', destination: '+14155550123' },
        }),
      }),
    'secret_not_allowed',
  ],
])('a secret is not for %s', async (_, asked, code) => {
  const before = provider.asked.length;
  const response = await asked();
  expect([response.status, (await response.json()).error.code]).toEqual([403, code]);
  expect(provider.asked.length).toBe(before);
});
