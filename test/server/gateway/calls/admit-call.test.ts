// Checks calls that pages make with client secrets: what the secret pins goes into the request, and a caller who changes it later is hung up.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { IdOwners } from '../../../../server/gateway/side/id-owners.ts';
import { digestOf } from '../../../../server/http/request/keys/secret-form.ts';
import type { SecretTerms, SecretUse, StoredSecret } from '../../../../server/ipc/stored-keys.ts';
import { CALL_MODEL, CALL_OFFER, tell, tellTurn } from '../../../support/call-gateway.ts';
import { type CallProvider, startCallProvider } from '../../../support/call-provider.ts';
import { openClient, refusedUpgrade, startGateway, type TestGateway } from '../../../support/gateway.ts';
import { message } from '../../../support/inbox.ts';
import { until } from '../../../support/until.ts';

const secrets = new Map<string, StoredSecret>();
const APP = 'https://app.example';
const granted = async (): Promise<SecretUse> => 'granted';
/** Gives the use of a secret. */
let take = granted;
const givenBack: string[] = [];
let provider: CallProvider;
let gateway: TestGateway;
beforeAll(async () => {
  provider = await startCallProvider();
  gateway = await startGateway({
    provider: provider.url,
    keys: [
      { id: 'ann', secret: 'secret-of-ann' },
      { id: 'any', secret: 'secret-of-any', callIds: 'any' },
    ],
    findOwners: async (digests) => digests.map(() => null),
    secrets: {
      find: async (digest) => secrets.get(digest),
      use: () => take(),
      giveBack: async (digest) => void givenBack.push(digest),
    },
  });
});
afterAll(async () => {
  await gateway.close();
  await provider.close();
});

let last = 0;
function mint(settings: SecretTerms, key = 'ann'): string {
  const value = `ek_${String(++last).padStart(43, 'x')}`;
  const digest = digestOf(value);
  const times = { createdAt: Date.now(), expiresAt: Date.now() + 60_000 };
  secrets.set(digest, { digest, id: `s${last}`, key, settings, usesLeft: 1, ...times });
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
    headers: {
      authorization: `Bearer ${secret}`,
      ...(secret.startsWith('ek_') && { origin }),
      ...(typeof body === 'string' && { 'content-type': type }),
    },
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

test('a provider is not asked for a client that has left meanwhile, and the secret has its use again', async () => {
  const before = provider.asked.length;
  const [taken, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  take = async () => {
    taken.resolve();
    await goOn.promise;
    return 'granted';
  };
  const secret = mint(pinned);
  const leaving = new AbortController();
  const answer = fetch(`http://127.0.0.1:${gateway.port}/v1/realtime/calls`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}`, origin: APP, 'content-type': 'application/sdp' },
    body: CALL_OFFER,
    signal: leaving.signal,
  }).catch(() => 'left');
  await taken.promise;
  leaving.abort();
  expect(await answer).toBe('left');
  // The gateway reads in turn: behind a whole request on another connection it knows.
  for (let times = 0; times < 2; times++)
    await fetch(`http://127.0.0.1:${gateway.port}/console.json`, { headers: { connection: 'close' } });
  take = granted;
  goOn.resolve();
  await until(() => givenBack.includes(digestOf(secret)));
  expect(provider.asked).toHaveLength(before);
  expect(await gateway.sample('trunkline_refusals_total', { code: 'client_left', status: 499 })).toBe(1);
});

describe('a call is joined', () => {
  const url = (path: string) => `ws://127.0.0.1:${gateway.port}${path}`;
  const as = (client: string) => ({
    headers: { authorization: `Bearer ${client}`, ...(client.startsWith('ek_') && { origin: APP }) },
  });
  const made = async (client: string): Promise<string> => {
    const response = await ask(client, { path: `/v1/realtime/calls?model=${CALL_MODEL}` });
    return response.headers.get('location')?.split('/').at(-1) ?? '';
  };
  const open: SecretTerms = { provider: 'openai', dialect: 'openai-realtime', origins: [APP] };
  const foreign = async (path: string, client: string) => {
    const { status, body } = await refusedUpgrade(url(path), as(client));
    return [status, JSON.parse(body).error];
  };
  const refusal = (client: string) => ({
    code: 'id_not_issued',
    message: expect.stringContaining(`: expected an id that this ${client} was given`),
  });

  test('by the client secret that made it and by its key, and by no other secret of the key', async () => {
    const [one, two] = [mint(open), mint(open)];
    const path = `/v1/realtime?call_id=${await made(one)}`;
    for (const client of [one, 'secret-of-ann']) {
      const ended = gateway.nextEnd();
      (await openClient(url(path), as(client))).close();
      expect(await ended).toMatchObject({ key: 'ann', usage: {} });
    }
    expect(await foreign(path, two)).toMatchObject([403, refusal('client secret')]);
  });

  test('by no secret where its key made it, unless the secret may join any, which is not billed again', async () => {
    const path = `/v1/realtime?call_id=${await made('secret-of-any')}`;
    expect(await foreign(path, mint(open))).toMatchObject([403, refusal('client secret')]);
    expect(await foreign(path, 'secret-of-ann')).toMatchObject([403, refusal('key')]);
    const ended = gateway.nextEnd();
    const client = await openClient(url(path), as(mint({ ...open, callIds: 'any' }, 'any')));
    const sideband = [...provider.sockets].at(-1);
    if (sideband !== undefined) tellTurn(sideband, 100);
    await message(client);
    client.close();
    expect(await ended).toMatchObject({ key: 'any', usage: {} });
  });

  test('of Live, too, by the secret that made it', async () => {
    const live: SecretTerms = { provider: 'openai', origins: [APP] };
    const one = mint(live);
    const body = JSON.stringify({ session: { model: 'gpt-live-1' }, transport: { type: 'webrtc', sdp: CALL_OFFER } });
    const response = await ask(one, { path: '/v1/live/sessions', type: 'application/json', body });
    const path = `/v1/live/sessions/${(await response.json()).session.id}/attach`;
    (await openClient(url(path), as(one))).close();
    expect(await foreign(path, mint(live))).toMatchObject([403, refusal('client secret')]);
  });

  test('by the secret that opened it where it is a session of Live, and by its key', () => {
    const owners = new IdOwners({ findOwners: async (digests) => digests.map(() => null), push: () => true });
    const client = (secret?: string) =>
      ({
        key: { id: 'ann' },
        provider: { name: 'openai' },
        endpoint: { dialect: { ids: { keptMs: 10_000, areJoined: true } } },
        bindsIds: true,
        secret: secret && { digest: secret },
      }) as Parameters<IdOwners['of']>[0];
    owners.of(client('one'))?.handedOut(['live_1']);
    owners.of(client())?.handedOut(['live_2']);
    const owns = (secret: string | undefined, id: string) => owners.ofCalls(client(secret)).owns([id], false);
    expect([owns('one', 'live_1'), owns(undefined, 'live_1'), owns(undefined, 'live_2')]).toEqual([true, true, true]);
    return expect(Promise.all([owns('two', 'live_1'), owns('one', 'live_2')])).resolves.toEqual([false, false]);
  });
});
