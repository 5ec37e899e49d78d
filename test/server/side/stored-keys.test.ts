// Keys that are made at run time, over real processes and over machines that share a Postgres: where they are found, how soon a change is in
// force, what a revocation ends, and what works while the store cannot be asked.

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { providers } from '../../../adapters/realtime/index.ts';
import { credentialOffers } from '../../adapters/realtime/credential-offers.ts';
import { openClient, refusedUpgrade } from '../../support/gateway.ts';
import { closed, message } from '../../support/inbox.ts';
import { askKeys, bearer, makeKey, openSession, REALTIME, sideStatus } from '../../support/key-server.ts';
import { postgresForTests } from '../../support/postgres.ts';
import { childrenOf, killAll } from '../../support/processes.ts';
import { type FakeProvider, startProvider } from '../../support/provider.ts';
import { type Served, serve } from '../../support/served.ts';
import { until } from '../../support/until.ts';

const FILE_SECRET = 'secret-of-web';
const TEAMS = { poor: { budgets: [{ window: 'total', maxUsd: 0 }] } };
const CONFIG = { access: 'keys', keys: [{ id: 'web', secret: FILE_SECRET }], teams: TEAMS, processes: 2, tasks: [] };
/** A side process that is held up must not be started anew. */
const SIDE = { processes: 2, silenceMs: 600_000 };
const postgres = await postgresForTests();
let provider: FakeProvider;
let served: Served;
let machines: readonly Served[] = [];

beforeAll(async () => {
  provider = await startProvider();
  served = await serve({ ...CONFIG, provider: provider.url, side: SIDE });
  if (postgres === undefined) return;
  const store = { url: await postgres.database() };
  machines = await Promise.all(
    ['one', 'two'].map(() => serve({ ...CONFIG, provider: provider.url, store, side: { ...SIDE, processes: 1 } })),
  );
});
afterAll(async () => {
  for (const machine of [served, ...machines]) if (machine?.child.exitCode === null) killAll(machine.child);
  for (const machine of [served, ...machines]) await machine?.exited;
  await provider?.close();
});

const refusalOf = async (at: Served, secret: string) => {
  const { status, body, headers } = await refusedUpgrade(at.url + REALTIME, bearer(secret));
  return { status, retryAfter: headers['retry-after'], ...JSON.parse(body).error };
};
const isRefused = async (at: Served, secret: string) =>
  openSession(at, secret).then(
    (client) => void client.close(),
    () => true as const,
  );

test('a key is taken in every place where SDKs put one, in every process', async () => {
  const secret = await makeKey(served, 'places');
  const openai = providers.get('openai');
  if (openai === undefined) throw new Error('openai is a provider');
  for (const offer of credentialOffers(openai)) {
    const { headers, protocols } = offer.request(secret);
    const query = offer.query(secret);
    const url = `${served.url}${REALTIME}${query && `&${query}`}`;
    const client = await openClient(url, { headers }, [...protocols]);
    client.close();
  }
  const statuses = await Promise.all(Array.from({ length: 8 }, () => sideStatus(served, secret)));
  expect(new Set(statuses)).toEqual(new Set([200]));
  expect(provider.requests.some(({ url, headers }) => JSON.stringify([url, headers]).includes(secret))).toBe(false);
});

test('a revocation ends every live session of its key, in both processes, and tells why in the dialect first', async () => {
  const ids = Array.from({ length: 100 }, (_, index) => `many-${index}`);
  const secrets: string[] = [];
  // One after the other: on a busy machine a hundred at once may wait longer than the admin listener does.
  for (const id of ids) secrets.push(await makeKey(served, id));
  const clients = await Promise.all(secrets.map((secret) => openSession(served, secret)));
  const other = await openSession(served, FILE_SECRET);
  const words = clients.map(async (client) => JSON.parse((await message(client)).data.toString()).error.code);
  for (const id of ids) expect((await askKeys(served, 'POST', `/keys/${id}/revoke`)).status).toBe(200);
  expect(new Set(await Promise.all(words))).toEqual(new Set(['key_revoked']));
  const codes = (await Promise.all(clients.map((client) => closed(client)))).map(({ code }) => code);
  expect(codes.filter((code) => code === 4501)).toHaveLength(100);
  expect(other.readyState).toBe(other.OPEN);
  other.close();
  expect(await refusalOf(served, secrets[0] ?? '')).toMatchObject({ status: 401, code: 'invalid_key' });
  expect(await sideStatus(served, secrets[1] ?? '')).toBe(401);
});

/** Opens a session, and then event streams of it. Resolves with all that each of them tells, once it has ended. */
async function followed(at: Served, secret: string, count: number): Promise<readonly Promise<string>[]> {
  const id = randomUUID();
  await openClient(`${at.url}${REALTIME}&trunkline-session=${id}`, bearer(secret));
  const events = `${at.url.replace('ws', 'http')}/v1/sessions/${id}/events`;
  const opened = await Promise.all(Array.from({ length: count }, () => fetch(events, bearer(secret))));
  expect(opened.map(({ status }) => status)).toEqual(Array(count).fill(200));
  return opened.map((response) => response.text());
}

const LAST_EVENT = /event: key\.revoked\ndata: {.*"code":"key_revoked".*}\n\n$/;

test('a revocation ends the event streams of its key and of its client secrets, in both processes, and says why', async () => {
  const secret = await makeKey(served, 'followed');
  const made = await fetch(`${served.url.replace('ws', 'http')}/v1/client_secrets`, {
    method: 'POST',
    headers: { ...bearer(secret).headers, 'content-type': 'application/json' },
    body: '{}',
  });
  const { value } = (await made.json()) as { value: string };
  const told = [...(await followed(served, secret, 6)), ...(await followed(served, value, 2))];
  const [other] = await followed(served, FILE_SECRET, 1);
  await askKeys(served, 'POST', '/keys/followed/revoke');
  for (const text of await Promise.all(told)) expect(text).toMatch(LAST_EVENT);
  expect(await Promise.race([other, 'goes on'])).toBe('goes on');
});

test('a change, a rotation and an expiry are in force in every process, and end no session', async () => {
  const secret = await makeKey(served, 'changing', { maxSessions: 1 });
  const client = await openSession(served, secret);
  expect(await refusalOf(served, secret)).toMatchObject({ status: 429, code: 'too_many_sessions' });
  await askKeys(served, 'PATCH', '/keys/changing', { maxSessions: null });
  await until(async () => !(await isRefused(served, secret)));
  const { body } = await askKeys(served, 'POST', '/keys/changing/rotate', { keepOldSeconds: 600 });
  for (const one of [secret, body.secret]) (await openSession(served, one)).close();
  const next = (await askKeys(served, 'POST', '/keys/changing/rotate')).body.secret;
  await until(async () => (await isRefused(served, body.secret)) && (await isRefused(served, secret)));
  expect(await refusalOf(served, body.secret)).toMatchObject({ message: expect.stringContaining('replaced') });
  await askKeys(served, 'PATCH', '/keys/changing', { expiresAt: new Date().toISOString() });
  await until(() => isRefused(served, next));
  expect(await refusalOf(served, next)).toMatchObject({ status: 401, message: expect.stringContaining('expired') });
  expect(client.readyState).toBe(client.OPEN);
  await askKeys(served, 'DELETE', '/keys/changing');
  expect((await closed(client)).code).toBe(4501);
});

test('while the side processes hang, keys of the file and those that were seen work, and no others', async () => {
  const [seen, unseen, gone] = await Promise.all(['seen', 'unseen', 'gone'].map((id) => makeKey(served, id)));
  // Each gateway process has to have seen it, and a connection goes to either.
  for (let opened = 0; opened < 24; opened++)
    for (const secret of [seen, gone]) (await openSession(served, secret ?? '')).close();
  await askKeys(served, 'POST', '/keys/gone/revoke');
  await until(() => isRefused(served, gone ?? ''));
  const sides = childrenOf(served.run.pid, 'side/process');
  for (const side of sides) process.kill(side, 'SIGSTOP');
  try {
    for (const secret of [FILE_SECRET, seen]) (await openSession(served, secret ?? '')).close();
    expect(await refusalOf(served, unseen ?? '')).toMatchObject({
      ...{ status: 503, code: 'side_unavailable', retryAfter: '1' },
    });
    expect((await refusalOf(served, gone ?? '')).status).not.toBe(101);
    expect(await refusalOf(served, `tlk_${'?'.repeat(43)}`)).toMatchObject({ status: 401 });
  } finally {
    for (const side of sides) process.kill(side, 'SIGCONT');
  }
  await until(async () => !(await isRefused(served, unseen ?? '')));
});

test('a key that is made with a budget of its own opens no session beyond it', async () => {
  const [poor, rich] = await Promise.all(
    [0, 100].map((maxUsd) => makeKey(served, `has-${maxUsd}`, { budgets: [{ window: 'total', maxUsd }] })),
  );
  expect(await refusalOf(served, poor ?? '')).toMatchObject({ status: 402, code: 'budget_exceeded' });
  (await openSession(served, rich ?? '')).close();
});

test('a budget of its team bounds a key that is made at run time', async () => {
  const secret = await makeKey(served, 'of-poor', { team: 'poor' });
  expect(await refusalOf(served, secret)).toMatchObject({
    ...{ status: 402, code: 'budget_exceeded', message: expect.stringContaining('of team poor') },
  });
});

test('budgets of keys and teams are listed, measured and warned of like all others', async () => {
  await makeKey(served, 'listed', { budgets: [{ window: 'total', maxUsd: 0 }] });
  const own = { key: 'listed', window: 'total', limitMicroUsd: 0, spentMicroUsd: 0, leftMicroUsd: 0 };
  const budgets = async () => (await askKeys(served, 'GET', '/budgets')).body.budgets;
  await until(async () => (await budgets()).some(({ key }: { key?: string }) => key === 'listed'));
  expect(await budgets()).toEqual(
    expect.arrayContaining([expect.objectContaining(own), expect.objectContaining({ team: 'poor', leftMicroUsd: 0 })]),
  );
  const metrics = await (await fetch(`${served.admin}/metrics`)).text();
  for (const owner of ['key="listed",team=""', 'key="",team="poor"'])
    expect(metrics).toContain(`trunkline_budget_left_micro_usd{${owner},`);
  const told = () => served.lines().filter(({ event }) => event === 'budget.reached');
  await until(() => told().some(({ key }) => key === 'listed'));
  expect(told().some(({ team }) => team === 'poor')).toBe(true);
  await askKeys(served, 'DELETE', '/keys/listed');
  await until(async () => !(await budgets()).some(({ key }: { key?: string }) => key === 'listed'));
});

test('no secret is in the log, the metrics or the list of keys', async () => {
  const secret = await makeKey(served, 'canary');
  (await openSession(served, secret)).close();
  await refusedUpgrade(`${served.url}/v1/nothing-here?key=${secret}`).catch(() => {});
  await askKeys(served, 'POST', '/keys/canary/revoke');
  await until(() => isRefused(served, secret));
  const metrics = await (await fetch(`${served.admin}/metrics`)).text();
  const shown = JSON.stringify([(await askKeys(served, 'GET', '/keys?limit=1000')).body, served.lines(), metrics]);
  expect(shown.includes('canary')).toBe(true);
  expect(shown.includes(secret)).toBe(false);
});

describe.skipIf(postgres === undefined)('over two machines', () => {
  test('a key that is made on one works on the other, and is revoked there', async () => {
    const [one, two] = machines as [Served, Served];
    const ids = Array.from({ length: 20 }, (_, index) => `shared-${index}`);
    const secrets = await Promise.all(ids.map((id) => makeKey(one, id)));
    const clients = await Promise.all(secrets.map((secret) => openSession(two, secret)));
    await Promise.all(ids.map((id) => askKeys(one, 'POST', `/keys/${id}/revoke`)));
    const codes = (await Promise.all(clients.map((client) => closed(client)))).map(({ code }) => code);
    expect(codes.filter((code) => code === 4501)).toHaveLength(20);
    await until(() => isRefused(two, secrets[0] ?? ''));
  });

  test('event streams on one end when their key is revoked on the other', async () => {
    const [one, two] = machines as [Served, Served];
    const told = await followed(two, await makeKey(one, 'shared-stream'), 3);
    await askKeys(one, 'POST', '/keys/shared-stream/revoke');
    for (const text of await Promise.all(told)) expect(text).toMatch(LAST_EVENT);
  });

  test('what one revokes while the side process of the other is down ends its sessions once that is back', async () => {
    const [one, two] = machines as [Served, Served];
    const secret = await makeKey(one, 'missed');
    const client = await openSession(two, secret);
    const [side = 0] = childrenOf(two.run.pid, 'side/process');
    process.kill(side, 'SIGSTOP');
    await askKeys(one, 'POST', '/keys/missed/revoke');
    process.kill(side, 'SIGKILL');
    expect((await closed(client)).code).toBe(4501);
    await until(async () => (await askKeys(two, 'GET', '/keys')).status === 200);
  });

  test('the same id at both at the same time is made once', async () => {
    const asked = Array.from({ length: 10 }, (_, index) =>
      askKeys(machines[index % 2] as Served, 'POST', '/keys', { id: 'once' }),
    );
    const statuses = (await Promise.all(asked)).map(({ status }) => status);
    expect(statuses.sort()).toEqual([201, ...Array(9).fill(409)]);
  });
});
