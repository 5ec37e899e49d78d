// Checks over sockets that credentials which are made up keep nobody else out who brings one that the store has to be asked about, and that a secret
// is bound as its key is now.

import { expect, onTestFinished, test, vi } from 'vitest';
import { digestOf, newClientSecret } from '../../../../server/http/request/keys/secret-form.ts';
import type { StoredSecret } from '../../../../server/ipc/stored-keys.ts';
import { clientSecrets } from '../../../support/client-secrets.ts';
import { openClient, refusedUpgrade, startGateway } from '../../../support/gateway.ts';
import { closed } from '../../../support/inbox.ts';
import { startProvider } from '../../../support/provider.ts';
import { until } from '../../../support/until.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
const as = (secret: string) => ({ headers: { authorization: `Bearer ${secret}` } });

test('a flood of made-up credentials of one address asks a part of what may be asked, and another address is let in', async () => {
  const known = clientSecrets();
  const secret = known.make({});
  const flood = Promise.withResolvers<StoredSecret | undefined>();
  const find = vi.fn((digest: string) => (digest === digestOf(secret) ? known.find(digest) : flood.promise));
  const provider = await startProvider();
  const gateway = await startGateway({ provider: provider.url, secrets: { ...known, find } });
  onTestFinished(async () => {
    await gateway.close();
    await provider.close();
  });
  const url = gateway.url + REALTIME;
  const refused = Array.from({ length: 250 }, () => refusedUpgrade(url, as(newClientSecret('ek_'))));
  await until(() => find.mock.calls.length === 250);
  expect(await refusedUpgrade(url, as(newClientSecret('ek_')))).toMatchObject({ status: 503 });
  expect(find).toHaveBeenCalledTimes(250);
  const client = await openClient(url, { ...as(secret), localAddress: '127.0.0.2' });
  client.close();
  await closed(client);
  flood.resolve(undefined);
  expect(new Set((await Promise.all(refused)).map(({ status }) => status))).toEqual(new Set([401]));
});

test.each([
  [{ endUser: 'bob' }, { endUser: 'ann' }, 'another end user'],
  [{ class: 'voice' }, { class: 'realtime' }, 'the class voice'],
  [{ class: 'voice' }, { classes: ['realtime'] }, 'the class voice'],
])('a secret for %j opens nothing with a key that has %j now', async (terms, bound, message) => {
  const secrets = clientSecrets();
  const keys = [{ id: 'app', secret: 'secret-of-app', ...bound }];
  const provider = await startProvider();
  const gateway = await startGateway({ provider: provider.url, secrets, keys });
  const url = gateway.url + REALTIME;
  const { status, body } = await refusedUpgrade(url, as(secrets.make(terms, 'app')));
  expect([status, JSON.parse(body).error]).toMatchObject([
    403,
    { code: 'secret_not_allowed', message: expect.stringContaining(message) },
  ]);
  const client = await openClient(url, as(secrets.make({ endUser: 'ann', class: 'realtime' }, 'app')));
  client.terminate();
  await gateway.close();
  await provider.close();
});
