// Messages of a client that repeat the name of the model which its session was opened with, at a provider that knows no such name.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { openClient, startGateway, type TestGateway } from '../../../support/gateway.ts';
import { closed, message } from '../../../support/inbox.ts';
import { type FakeProvider, startProvider } from '../../../support/provider.ts';

let provider: FakeProvider;
let gateway: TestGateway;
beforeAll(async () => {
  provider = await startProvider();
  const account = { kind: 'openai', baseUrl: provider.url, apiKey: 'key-of-account', allowPrivate: true };
  gateway = await startGateway({
    providers: { one: account },
    models: { 'voice.1': ['one/m-one'] },
    keys: [{ id: 'k', secret: 'secret-of-k', models: ['voice.1'] }],
  });
});
afterAll(async () => {
  await gateway.close();
  await provider.close();
});

async function open() {
  const headers = { authorization: 'Bearer secret-of-k' };
  const client = await openClient(`${gateway.url}/v1/realtime?model=voice.1`, { headers });
  return { client, session: await provider.next() };
}

const text = async (from: Parameters<typeof message>[0]) => (await message(from)).data.toString();

test('go on with the model of the target, though the list of the key has the name alone, and with all their other bytes', async () => {
  const { client, session } = await open();
  const update = (model: string) =>
    `{"type":"session.update", "session":{"model" : "${model}","instructions":"say \\"model\\":\\"voice.1\\" é"}}`;
  client.send(update('voice.1'));
  expect(await text(session)).toBe(update('m-one'));
  const others = '{"type":"response.create","response":{"instructions":"voice.1"}}';
  client.send(others);
  expect(await text(session)).toBe(others);
  client.send(update('m-one'));
  expect(await text(session)).toBe(update('m-one'));
  client.close();
});

test('that name another model are judged as they are in any session', async () => {
  const { client } = await open();
  client.send('{"type":"session.update","session":{"model":"voicex1"}}');
  expect(JSON.parse(await text(client)).error).toMatchObject({ code: 'model_not_allowed' });
  expect((await closed(client)).code).toBe(1008);
});
