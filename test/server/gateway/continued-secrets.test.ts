// Checks which earlier sessions a client secret continues: those that it has opened, and those of its end user.

import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadConfig } from '../../../server/config/load.ts';
import { digestOf } from '../../../server/http/request/keys/secret-form.ts';
import type { SecretTerms } from '../../../server/ipc/stored-keys.ts';
import { createSideHttp } from '../../../server/side/http/routes.ts';
import { clientSecrets } from '../../support/client-secrets.ts';
import { configFile } from '../../support/config-file.ts';
import { createFakeStore, storedSession } from '../../support/fake-store.ts';
import { openClient, refusedUpgrade, startGateway, type TestGateway } from '../../support/gateway.ts';
import { closed } from '../../support/inbox.ts';
import { type FakeProvider, startProvider } from '../../support/provider.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
const ID = '0190a1b2-0000-7000-8000-00000000000a';
const CONTINUED = `${REALTIME}&trunkline-continue=${ID}`;
const store = createFakeStore();
const secrets = clientSecrets();

let provider: FakeProvider;
let gateway: TestGateway;

beforeEach(async () => {
  provider = await startProvider();
  const side = { contextMs: 20_000 };
  const config = loadConfig({ file: configFile({ side }), env: {} });
  const askSide = createSideHttp({ config, store, log: pino({ level: 'silent' }) });
  gateway = await startGateway({ side, provider: provider.url, secrets, askSide });
});
afterEach(async () => {
  store.rows.sessions.length = 0;
  await gateway.close();
  await provider.close();
});

const as = (secret: string) => ({ headers: { authorization: `Bearer ${secret}` } });

/** Makes a secret, and tells the id of its row. */
async function make(terms: SecretTerms): Promise<{ secret: string; clientSecret: string | undefined }> {
  const secret = secrets.make(terms);
  return { secret, clientSecret: (await secrets.find(digestOf(secret)))?.id };
}

async function mayContinue(secret: string): Promise<boolean> {
  const refused = await refusedUpgrade(gateway.url + CONTINUED, as(secret)).catch(() => undefined);
  if (refused !== undefined)
    expect([refused.status, refused.body]).toEqual([404, expect.stringContaining('unknown_session')]);
  return refused === undefined;
}

test.each([
  [
    'has ended',
    async (facts: object) => void store.rows.sessions.push(storedSession({ id: ID, endedAt: 9_000, ...facts })),
  ],
  [
    'lives',
    async (_: object, secret: string) =>
      void (await openClient(`${gateway.url}${REALTIME}&trunkline-session=${ID}`, as(secret))),
  ],
])(
  'a secret continues a session that %s and that it or its end user opened, and no other of its key',
  async (_, keep) => {
    const ann = await make({ endUser: 'ann' });
    await keep({ key: undefined, endUser: 'ann', clientSecret: ann.clientSecret }, ann.secret);
    expect(await mayContinue((await make({ endUser: 'bob' })).secret)).toBe(false);
    expect(await mayContinue((await make({})).secret)).toBe(false);
    expect(await mayContinue((await make({ endUser: 'ann' })).secret)).toBe(true);
    expect(await mayContinue(ann.secret)).toBe(true);
  },
);

test('a session of nobody in particular is continued by the secret that opened it alone', async () => {
  const { secret, clientSecret } = await make({});
  store.rows.sessions.push(storedSession({ id: ID, key: undefined, endedAt: 9_000, clientSecret }));
  expect(await mayContinue((await make({})).secret)).toBe(false);
  const client = await openClient(gateway.url + CONTINUED, as(secret));
  client.close();
  await closed(client);
});
