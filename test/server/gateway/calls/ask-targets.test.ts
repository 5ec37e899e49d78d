// Makes calls whose body names a model of several targets, or an account: which of them is asked, and when the next one is.

import { afterEach, describe, expect, test } from 'vitest';
import { type CallProvider, startCallProvider } from '../../../support/call-provider.ts';
import { startGateway, type TestGateway } from '../../../support/gateway.ts';
import { until } from '../../../support/until.ts';

const ended: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const one of ended.splice(0).reverse()) await one.close();
});

const OFFER = 'v=0\r\ns=-\r\n';
const REALTIME = '/v1/realtime/calls';

/** Answers requests that make a call with this status, 0: it ends the connection; undefined: it makes them. */
async function provider(status?: number): Promise<CallProvider> {
  const made = await startCallProvider({
    answer({ url }, response) {
      if (status === undefined || url.includes('hangup')) return false;
      if (status === 0) response.destroy();
      else response.writeHead(status, { 'content-type': 'application/json' }).end('{"error":{"code":"theirs"}}');
      return true;
    },
  });
  ended.push(made);
  return made;
}

interface Started {
  readonly gateway: TestGateway;
  readonly one: CallProvider;
  readonly two: CallProvider;
}

async function start(
  status: number | undefined,
  kinds = ['openai', 'openai'],
  more: object = {},
  first?: CallProvider,
): Promise<Started> {
  const [one, two] = [first ?? (await provider(status)), await provider()];
  const accounts = [one, two].map(({ url }, at) => {
    const account = { kind: kinds[at], baseUrl: url, apiKey: `secret-of-${at}`, allowPrivate: true };
    return [at === 0 ? 'one' : 'two', account];
  });
  const gateway = await startGateway({
    providers: Object.fromEntries(accounts),
    models: { voice: ['one/m-one', 'two/m-two'] },
    keys: [{ id: 'app', secret: 'secret-of-app' }],
    findOwners: async (digests: readonly string[]) => digests.map(() => null),
    ...more,
  });
  ended.push(gateway);
  return { gateway, one, two };
}

function ask(
  { port }: TestGateway,
  model: string,
  path = REALTIME,
  query = '',
  signal: AbortSignal | null = null,
): Promise<Response> {
  const authorization = 'Bearer secret-of-app';
  const send = (body: string | FormData, type?: string) =>
    fetch(`http://127.0.0.1:${port}${path}${query}`, {
      ...{ method: 'POST', body, signal },
      headers: { authorization, ...(type && { 'content-type': type }) },
    });
  if (query !== '') return send(OFFER, 'application/sdp');
  if (path.includes('live'))
    return send(JSON.stringify({ session: { model }, transport: { type: 'webrtc', sdp: OFFER } }), 'application/json');
  const body = new FormData();
  body.set('sdp', OFFER);
  body.set('session', JSON.stringify({ type: 'realtime', model }));
  return send(body);
}

/** Ends the call at its provider, and returns its record. */
async function record({ gateway }: Started, at: CallProvider) {
  const [id = ''] = at.calls;
  await at.sideband(id);
  at.end(id);
  return gateway.nextEnd();
}

describe.each([
  [REALTIME, ''],
  [REALTIME, '?model=voice'],
  ['/v1/live/sessions', ''],
])('a call at %s%s', (path, query) => {
  test.each([429, 503])('has the next target where the first refuses with %i', async (status) => {
    const started = await start(status);
    const { gateway, one, two } = started;
    const answer = await ask(gateway, 'voice', path, query);
    expect(answer.status).toBe(201);
    expect([one.asked.length, two.asked.length]).toEqual([1, 1]);
    expect(one.asked[0]?.body).toContain('"model":"m-one"');
    expect(two.asked[0]?.body).toContain('"model":"m-two"');
    expect(two.asked[0]?.headers.authorization).toBe('Bearer secret-of-1');
    const ended = await record(started, two);
    expect(ended).toMatchObject({ provider: 'two', asked: 'voice', tried: ['one/m-one'] });
    expect(ended.timeline?.filter(({ kind }) => kind === 'try')).toMatchObject([
      { target: 'one/m-one', outcome: `upstream_refused ${status}` },
    ]);
    const tries = (labels: Record<string, string>) => gateway.sample('trunkline_target_tries_total', labels);
    expect([await tries({ provider: 'one' }), await tries({ outcome: 'open' })]).toEqual([1, 1]);
    expect(JSON.stringify(gateway.lines)).not.toContain('secret-of');
  });
});

test('a target that cannot be connected is passed over, also for one of another kind at its own path', async () => {
  const started = await start(undefined, ['openai', 'azure']);
  await started.one.close();
  expect((await ask(started.gateway, 'voice')).status).toBe(201);
  expect(started.two.asked[0]?.url).toBe('/openai/v1/realtime/calls');
  expect(await record(started, started.two)).toMatchObject({ provider: 'two', tried: ['one/m-one'] });
});

test.each([
  [500, 500],
  [502, 502],
  [401, 401],
  [0, 502],
])(
  'a target that may have made the call, or says what is wrong with it, is the only one that is asked: %i',
  async (status, told) => {
    const { gateway, one, two } = await start(status);
    expect((await ask(gateway, 'voice')).status).toBe(told);
    expect([one.asked.length, two.asked.length]).toEqual([1, 0]);
  },
);

test('an account is named before the model', async () => {
  const started = await start(undefined, ['openai', 'azure'], { models: {} });
  expect((await ask(started.gateway, 'two/dep')).status).toBe(201);
  expect(started.one.asked).toHaveLength(0);
  expect(started.two.asked[0]?.body).toContain('"model":"dep"');
  expect(await record(started, started.two)).toMatchObject({ provider: 'two' });
});

test('a list with the name allows its targets, and a path that names an account leaves those there', async () => {
  const keys = [{ id: 'app', secret: 'secret-of-app', models: ['voice'] }];
  const started = await start(undefined, undefined, { keys });
  const { gateway, one, two } = started;
  expect((await ask(gateway, 'm-one')).status).toBe(403);
  expect((await ask(gateway, 'voice', `/two${REALTIME}`)).status).toBe(201);
  expect([one.asked.length, two.asked.length]).toEqual([0, 1]);
  expect(await record(started, two)).toMatchObject({ provider: 'two', asked: 'voice', tried: [] });
});

test('a model of no such name is asked for as it was', async () => {
  const started = await start(undefined);
  expect((await ask(started.gateway, 'gpt')).status).toBe(201);
  expect(started.one.asked[0]?.body).toContain('"model":"gpt"');
  expect(await record(started, started.one)).not.toHaveProperty('asked');
});

test('no further target is asked for a client that has left', async () => {
  const begun = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const one = await startCallProvider({
    answer(_, response) {
      begun.resolve();
      void goOn.promise.then(() => response.writeHead(503).end());
      return true;
    },
  });
  ended.push(one);
  const { gateway, two } = await start(undefined, undefined, {}, one);
  const leaving = new AbortController();
  const answer = ask(gateway, 'voice', REALTIME, '', leaving.signal).catch(() => 'left');
  await begun.promise;
  leaving.abort();
  expect(await answer).toBe('left');
  // The gateway reads in turn: behind a whole request on another connection it knows.
  for (let times = 0; times < 2; times++)
    await fetch(`http://127.0.0.1:${gateway.port}/console.json`, { headers: { connection: 'close' } });
  goOn.resolve();
  const refused = () => gateway.sample('trunkline_refusals_total', { code: 'upstream_refused', status: 503 });
  await until(async () => (await refused()) === 1);
  expect(two.asked).toEqual([]);
});
