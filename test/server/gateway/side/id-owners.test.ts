// Tests that what a provider hands out belongs to the key that got it, where several keys share an account: with gateways that share a
// store, which fails and is late as a test likes.

import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { decodeMsgpack } from '../../../../codecs/msgpack.ts';
import { IdOwners } from '../../../../server/gateway/side/id-owners.ts';
import { Outbox } from '../../../../server/gateway/side/outbox.ts';
import type { SessionEvent } from '../../../../server/ipc/session-event.ts';
import { refusedUpgrade, startGateway, type TestGateway } from '../../../support/gateway.ts';
import {
  as,
  eventOf,
  GEMINI,
  type IdProvider,
  keys,
  nextEvent,
  open,
  respond,
  resumable,
  startIdProvider,
} from '../../../support/id-provider.ts';
import { closed } from '../../../support/inbox.ts';
import { until } from '../../../support/until.ts';

let provider: IdProvider;
beforeAll(async () => {
  provider = await startIdProvider();
});
afterAll(() => provider.close());
afterEach(() => vi.useRealTimers());

/** Keys by digest, as the store has them. */
const owners = new Map<string, string>();
/** The acts of the store before it answers the next questions. */
let asked: (() => Promise<void> | void)[];
let [one, two]: TestGateway[] = [];

async function start(more: object = {}, file: object = {}): Promise<TestGateway> {
  const outbox = new Outbox({
    maxItems: 1000,
    maxBytes: 1e6,
    whenFull: 'refuse',
    batchMs: 1,
    async send({ bytes }) {
      for (const event of decodeMsgpack(bytes) as SessionEvent[])
        if (event.kind === 'handed-out') for (const { digest, key } of event.ids) owners.set(digest, key);
    },
  });
  const account = { baseUrl: provider.url, apiKey: 'provider-secret', allowPrivate: true, ...more };
  const gateway = await startGateway({
    providers: { openai: account, gemini: account },
    keys,
    ...file,
    outbox,
    async findOwners(digests) {
      await asked.shift()?.();
      return digests.map((digest) => owners.get(digest) ?? null);
    },
  });
  onClosed.push(gateway);
  return gateway;
}
const onClosed: TestGateway[] = [];

beforeAll(async () => {
  asked = [];
  [one, two] = await Promise.all([start(), start()]);
});
beforeEach(() => {
  asked = [];
});
afterAll(() => Promise.all(onClosed.map((gateway) => gateway.close())));

/** Messages that take something of another key, by what that is; `number`: of the response whose ids they have. */
const taken: readonly (readonly [what: string, field: string, (number: number) => object])[] = [
  ['a response to go on from', 'previous_response_id', (n) => ({ previous_response_id: `resp_${n}` })],
  [
    'a response to go on from, in the older form',
    'previous_response_id',
    (n) => ({ response: { previous_response_id: `resp_${n}` } }),
  ],
  [
    'a response to steer',
    'previous_response_id',
    (n) => ({ type: 'response.steer', previous_response_id: `resp_${n}`, input: 'Stop' }),
  ],
  ['a response to cancel', 'response_id', (n) => ({ type: 'response.cancel', response_id: `resp_${n}` })],
  [
    'a response to compare prompts with',
    'prompt_cache_options.comparison_response_id',
    (n) => ({ prompt_cache_options: { comparison_response_id: `resp_${n}` } }),
  ],
  ['a conversation', 'conversation', (n) => ({ conversation: `conv_${n}` })],
  ['a conversation as an object', 'conversation', (n) => ({ conversation: { id: `conv_${n}` } })],
  ['an item by reference', 'input', (n) => ({ input: [{ type: 'item_reference', id: `msg_${n}` }] })],
  ['an item by reference without a type', 'input', (n) => ({ input: [{ id: `msg_${n}` }] })],
  [
    'reasoning that the provider keeps',
    'input',
    (n) => ({ input: [{ type: 'reasoning', id: `rs_${n}`, summary: [] }] }),
  ],
  ['a container', 'container', (n) => ({ tools: [{ type: 'code_interpreter', container: `cntr_${n}` }] })],
  [
    'a container of a shell',
    'container',
    (n) => ({ tools: [{ type: 'shell', environment: { type: 'container_reference', container_id: `cntr_${n}` } }] }),
  ],
];

test.each(taken)('%s is not found for another key, and the session goes on', async (_, field, frame) => {
  const number = await respond(await open(one as TestGateway, 'ann'));
  const client = await open(two as TestGateway, 'bob');
  const [, upstream] = [await provider.next(), await provider.next()];
  const before = provider.received.length;
  client.send(JSON.stringify({ type: 'response.create', stream_id: 'lane', ...frame(number) }));
  const code = field === 'previous_response_id' ? 'previous_response_not_found' : 'id_not_issued';
  const refused = await nextEvent(client);
  expect(refused).toMatchObject({ type: 'error', status: 400, stream_id: 'lane' });
  expect(refused.error).toMatchObject({ type: 'invalid_request_error', code, param: field });
  expect(provider.received.length).toBe(before);
  await respond(client);
  upstream.close();
});

test.each(taken)(
  '%s passes unchanged for the key that got it, on another gateway and at once',
  async (_, _field, frame) => {
    const number = await respond(await open(one as TestGateway, 'ann'));
    const client = await open(two as TestGateway, 'ann');
    const sent = [{ type: 'response.create', ...frame(number) }, { type: 'later', event_id: '1' }, { type: 'last' }];
    const before = provider.received.length;
    for (const event of sent) client.send(JSON.stringify(event));
    await until(() => provider.received.length === before + 3);
    expect(provider.received.slice(before)).toEqual(sent.map((event) => JSON.stringify(event)));
    client.close();
  },
);

test('items that bring their content pass with whatever id', async () => {
  const client = await open(one as TestGateway, 'bob');
  const input = [
    { type: 'message', role: 'assistant', id: 'msg_elsewhere', content: [] },
    { role: 'user', id: 'msg_elsewhere', content: 'Hi' },
    { type: 'function_call', id: 'fc_elsewhere', call_id: 'c', name: 'f', arguments: '{}' },
    { type: 'function_call_output', id: 'fco_elsewhere', call_id: 'c', output: '' },
  ];
  client.send(JSON.stringify({ type: 'response.create', input }));
  await eventOf(client, 'response.completed');
  client.close();
});

test.each([
  ['an id twice', '{"type":"response.create","previous_response_id":"a","previous_response_id":"b"}', 'duplicate_key'],
  ['an id in a list', '{"type":"response.create","previous_response_id":["a"]}', 'unreadable_event'],
  ['an id that is hidden', '{"type":"response.create","previous_response\\u005fid":"a",}', 'unreadable_event'],
])('a message with %s is rejected', async (_, frame, code) => {
  const client = await open(one as TestGateway, 'bob');
  client.send(frame);
  expect((await nextEvent(client)).error).toMatchObject({ code });
  expect((await closed(client)).code).toBe(1008);
});

test.each([
  ['in camel case', (handle: string) => ({ sessionResumption: { handle } })],
  ['in snake case', (handle: string) => ({ session_resumption: { handle } })],
])('a handle of Gemini %s resumes the session of its own key only', async (_, resumption) => {
  const handle = await resumable(one as TestGateway, 'ann');
  const setup = JSON.stringify({ setup: { model: 'models/gemini-3.8-live', ...resumption(handle) } });
  const before = provider.received.length;
  const [bob, inPieces] = [
    await open(two as TestGateway, 'bob', GEMINI),
    await open(two as TestGateway, 'bob', GEMINI),
  ];
  bob.send(setup);
  inPieces.send('{"realtimeInput":{}}');
  inPieces.send(setup.slice(0, 30), { fin: false, binary: true });
  inPieces.send(setup.slice(30), { fin: true, binary: true });
  for (const client of [bob, inPieces]) expect((await closed(client)).code).toBe(1008);
  expect(provider.received.slice(before)).toEqual(['{"realtimeInput":{}}']);
  const ann = await open(two as TestGateway, 'ann', GEMINI);
  ann.send(setup);
  ann.send('{"realtimeInput":{"text":"Hi"}}');
  await until(() => provider.received.length === before + 3);
  expect(provider.received.slice(before + 1)).toEqual([setup, '{"realtimeInput":{"text":"Hi"}}']);
  ann.close();
});

test('an id that the store gets to know a moment later passes', async () => {
  const number = await respond(await open(one as TestGateway, 'ann'));
  await until(() => owners.size > 0);
  const known = new Map(owners);
  owners.clear();
  const learn = () => {
    for (const [digest, key] of known) owners.set(digest, key);
  };
  asked = [() => {}, learn];
  const client = await open(two as TestGateway, 'ann');
  client.send(JSON.stringify({ type: 'response.create', previous_response_id: `resp_${number}` }));
  await eventOf(client, 'response.completed');
  client.close();
});

test('while the store is away no id is let through, and what needs none passes', async () => {
  const number = await respond(await open(one as TestGateway, 'ann'));
  const handle = await resumable(one as TestGateway, 'ann');
  const fail = () => Promise.reject(new Error('away'));
  asked = Array.from({ length: 100 }, () => fail);
  const [client, gemini] = [await open(two as TestGateway, 'ann'), await open(two as TestGateway, 'ann', GEMINI)];
  const before = provider.received.length;
  client.send(JSON.stringify({ type: 'response.create', previous_response_id: `resp_${number}` }));
  gemini.send(JSON.stringify({ setup: { sessionResumption: { handle } } }));
  expect(await nextEvent(client)).toMatchObject({
    status: 503,
    error: { code: 'side_unavailable', type: 'server_error' },
  });
  expect((await closed(gemini)).code).toBe(1011);
  expect(provider.received.length).toBe(before);
  expect(
    (await refusedUpgrade(`${two?.url}/v1/realtime?model=m&conversation_id=conv_${number}`, as('ann'))).status,
  ).toBe(503);
  // This process has seen the id itself.
  const same = await open(one as TestGateway, 'ann');
  same.send(JSON.stringify({ type: 'response.create', previous_response_id: `resp_${number}` }));
  await eventOf(same, 'response.completed');
  await respond(client);
});

test('a conversation in the handshake is refused to another key, also to one who asks why', async () => {
  const number = await respond(await open(one as TestGateway, 'ann'));
  const path = `/v1/realtime?model=grok&conversation_id=conv_${number}`;
  const refused = await refusedUpgrade(two?.url + path, as('bob'));
  expect([refused.status, JSON.parse(refused.body).error.code]).toEqual([403, 'id_not_issued']);
  const plain = await fetch(`${two?.url.replace('ws', 'http')}${path}`, as('bob'));
  expect([plain.status, await plain.text()]).toEqual([refused.status, refused.body]);
  (await open(two as TestGateway, 'ann', path)).close();
});

test('a call is joined by keys that may join any, and by those of one tenant', async () => {
  const path = '/v1/realtime?call_id=rtc_1';
  const more = [...keys, { id: 'any', secret: 'secret-of-any', callIds: 'any' }];
  const shared = await start({}, { keys: more });
  for (const hidden of [path, '/v1/realtime?model=m&CALL_ID=rtc_1', '/v1/realtime?model=m;call_id=rtc_1']) {
    const refused = await refusedUpgrade(shared.url + hidden, as('ann'));
    expect([refused.status, JSON.parse(refused.body).error.code]).toEqual([403, 'id_not_issued']);
  }
  (await open(shared, 'any', path)).close();
  const alone = await start({ bindIds: false }, { keys });
  (await open(alone, 'ann', path)).close();
});

test.each([
  ['where the configuration says that they are one tenant', { bindIds: false }, { keys }],
  ['in open mode', {}, { keys: [] }],
])('ids pass %s', async (_, more, file) => {
  const gateway = await start(more, file);
  const client = await open(gateway, 'bob');
  const frame = '{"type":"response.create","previous_response_id":"resp_of_somebody"}';
  client.send(frame);
  await eventOf(client, 'response.completed');
  expect(provider.received.at(-1)).toBe(frame);
  expect((await open(gateway, 'bob', '/v1/realtime?call_id=rtc_1')).readyState).toBe(1);
});

/** The ids of a key, kept for so long, in a process whose store knows of none. */
function idsOf(owners: IdOwners, key: string, keptMs: number) {
  const ids = owners.of({
    key: { id: key },
    provider: { name: 'openai' },
    endpoint: { dialect: { ids: { keptMs } } },
    bindsIds: true,
  } as Parameters<IdOwners['of']>[0]);
  if (ids === undefined) throw new Error('expected ids of a shared account');
  return ids;
}

test('an id that another key is told of stays with its key until its time is over, and is asked of the store then', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const process = new IdOwners({ findOwners: async (digests) => digests.map(() => null), push: () => true });
  const [ann, bob] = [idsOf(process, 'ann', 10_000), idsOf(process, 'bob', 10_000)];
  ann.handedOut(['resp_1']);
  vi.advanceTimersByTime(6000);
  bob.handedOut(['resp_1']);
  expect([ann.owns(['resp_1']), bob.owns(['resp_1'])]).toEqual([true, false]);
  vi.advanceTimersByTime(6000);
  expect(await ann.owns(['resp_1'])).toBe(false);
});

test('ids that find no room to be stored are handed over again', async () => {
  let hasRoom = false;
  const stored: SessionEvent[] = [];
  const process = new IdOwners({ findOwners: undefined, push: (one) => hasRoom && stored.push(one) > 0, retryMs: 5 });
  idsOf(process, 'ann', 10_000).handedOut(Array.from({ length: 100 }, (_, number) => `resp_${number}`));
  idsOf(process, 'bob', 10_000).handedOut(['resp_of_bob']);
  hasRoom = true;
  await until(() => stored.length >= 3);
  const told = stored.map((event) => (event.kind === 'handed-out' ? [event.key, event.ids.length] : []));
  expect(told).toEqual([...[64, 36].map((ids) => ['ann', ids]), ['bob', 1]]);
});
