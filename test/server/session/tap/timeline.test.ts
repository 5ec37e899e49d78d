// The timeline in the record of real sessions: how they opened, round trips of the client, slow readers, replies, refusals, the close.

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { SessionRecord } from '../../../../server/ipc/session-record.ts';
import { heldBack } from '../../../support/flow.ts';
import { openClient, startGateway, type TestGateway } from '../../../support/gateway.ts';
import { closed, message } from '../../../support/inbox.ts';
import type { FakeProvider } from '../../../support/provider.ts';
import { startTurnProvider, turn } from '../../../support/turn-provider.ts';
import { until } from '../../../support/until.ts';

const ID = '00000000-0000-4000-8000-000000000001';
let provider: FakeProvider;
let gateway: TestGateway;

beforeAll(async () => {
  provider = await startTurnProvider();
});
afterEach(() => gateway.close());
afterAll(() => provider.close());

async function open(limits: Record<string, number> = {}) {
  const keys = [{ id: 'web', secret: 'secret-of-web', models: ['openai/gpt-realtime-2.1'] }];
  gateway = await startGateway({ provider: provider.url, keys, limits });
  const url = `${gateway.url}/v1/realtime?model=gpt-realtime-2.1&trunkline-session=${ID}`;
  const client = await openClient(url, { headers: { authorization: 'Bearer secret-of-web' } });
  return { client, upstream: await provider.next() };
}

const kindsOf = ({ timeline }: SessionRecord) => timeline?.map(({ kind }) => kind);
const live = () => gateway.gateway.record(ID)?.timeline ?? [];

test('it begins with the dial and the 101, has each reply and report of usage, and ends with the close', async () => {
  const before = Date.now();
  const { client } = await open();
  await turn(client, 'hello');
  client.close(1000, 'words of the client');
  const record = await gateway.nextEnd();
  expect(kindsOf(record)).toEqual(['dial', 'open', 'reply', 'usage', 'close']);
  const [dial, opened, reply, usage, close] = record.timeline ?? [];
  expect(dial).toMatchObject({ connection: 'cold', ms: expect.any(Number) });
  expect(opened).toMatchObject({ ms: expect.any(Number) });
  expect(reply).toMatchObject({ began: 'text', since: 'request' });
  expect(usage).toMatchObject({ usage: { totalTokens: 10 } });
  expect(close).toEqual({ at: expect.any(Number), kind: 'close', by: 'client', reason: 'client-closed', code: 1000 });
  for (const { at } of record.timeline ?? []) expect(at).toBeGreaterThanOrEqual(before - 1);
  expect(dial?.at).toBeLessThanOrEqual(Date.now());
});

test('it has the tools that the model asks for, by name, and nothing that they are told', async () => {
  const { client, upstream } = await open();
  const item = { type: 'function_call', call_id: 'c1', name: 'get_weather', arguments: '{"city":"Bern"}' };
  const done = { type: 'response.done', response: { status: 'completed', output: [item] } };
  upstream.send(JSON.stringify(done));
  await message(client);
  client.close();
  const { timeline = [] } = await gateway.nextEnd();
  expect(timeline.filter(({ kind }) => kind === 'tool')).toEqual([
    { at: expect.any(Number), kind: 'tool', name: 'get_weather', call: 'c1' },
  ]);
  expect(JSON.stringify(timeline)).not.toContain('Bern');
});

test('it has the round trips of the client, which pings measure', async () => {
  await open({ pingMs: 60 });
  await until(() => live().filter(({ kind }) => kind === 'round-trip').length >= 2);
  for (const moment of live()) if (moment.kind === 'round-trip') expect(moment.ms).toBeLessThan(60_000);
});

test.each(['client', 'provider'] as const)(
  'it says how long the %s read too slowly, also while it does',
  async (end) => {
    const { client, upstream } = await open();
    const [source, target] = end === 'client' ? [upstream, client] : [client, upstream];
    target.pause();
    for (let sent = 0; sent < 600; sent++) source.send('x'.repeat(64 * 1024));
    await heldBack(source);
    const waits = () => live().flatMap((moment) => (moment.kind === 'slow-reader' ? [moment] : []));
    await until(() => (waits()[0]?.ms ?? 0) > 300);
    const [wait] = waits();
    expect(wait?.end).toBe(end);
    target.resume();
    await until(() => source.bufferedAmount === 0);
    source.close(1000);
    const { timeline = [] } = await gateway.nextEnd();
    expect(timeline).toContainEqual({ at: wait?.at, kind: 'slow-reader', end, ms: expect.any(Number) });
  },
);

test('it has the code of a message that was refused, and who closed', async () => {
  const { client } = await open();
  client.send('{"type":"session.update","session":{"model":"gpt-realtime-mini"}}');
  await closed(client);
  const record = await gateway.nextEnd();
  expect(kindsOf(record)).toEqual(['dial', 'open', 'refusal', 'close']);
  expect(record.timeline?.at(-2)).toMatchObject({ code: 'model_not_allowed' });
  expect(record.timeline?.at(-1)).toMatchObject({ by: 'gateway', reason: 'frame-refused', code: 1008 });
});

test('it has the words of a close of the provider, and those of the operator', async () => {
  const { upstream } = await open();
  upstream.close(4321, 'your session expired');
  expect((await gateway.nextEnd()).timeline?.at(-1)).toMatchObject({
    ...{ by: 'provider', reason: 'provider-closed', code: 4321, words: 'your session expired' },
  });
  await gateway.close();
  await open();
  gateway.gateway.endSession({ id: ID, key: 'web', message: 'too long' });
  const { timeline } = await gateway.nextEnd();
  expect(timeline?.at(-1)).toMatchObject({ by: 'operator', code: 4504, words: 'too long' });
});

test('lists of live sessions, and the log, leave it out', async () => {
  const { client } = await open();
  expect(gateway.gateway.records()[0]).not.toHaveProperty('timeline');
  client.close();
  await gateway.nextEnd();
  expect(gateway.lines.find(({ msg }) => msg === 'session ended')).not.toHaveProperty('timeline');
});
