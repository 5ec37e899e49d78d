// Tests that a model of Vertex is one of the account's project and location, over a gateway: its credential may reach others.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { openClient, startGateway, type TestGateway } from '../../../support/gateway.ts';
import { closed, message } from '../../../support/inbox.ts';
import { type FakeProvider, startProvider } from '../../../support/provider.ts';

const PATH = '/ws/google.cloud.aiplatform.v1beta1.LlmBidiService/BidiGenerateContent';
const MODEL = 'publishers/google/models/gemini-3.8-live';
let provider: FakeProvider;
const gateways: TestGateway[] = [];

beforeAll(async () => {
  provider = await startProvider();
  for (const settings of [{ project: 'p1', location: 'us-central1' }, { project: 'p1' }, {}]) {
    const vertex = { baseUrl: provider.url, apiKey: 'ya29.of-the-account', allowPrivate: true, settings };
    gateways.push(await startGateway({ providers: { vertex } }));
  }
});
afterAll(async () => {
  for (const gateway of gateways) await gateway.close();
  await provider.close();
});

async function setUp(at: number, setup: object) {
  const gateway = gateways[at] as TestGateway;
  const client = await openClient(gateway.url + PATH);
  const text = JSON.stringify({ setup });
  client.send(text);
  return { gateway, client, upstream: await provider.next(), text };
}

test.each([
  [0, `projects/p1/locations/us-central1/${MODEL}`],
  [0, MODEL],
  [1, `projects/p1/locations/europe-west4/${MODEL}`],
  [2, `projects/p2/locations/us-central1/${MODEL}`],
])('account %i serves %s, in the bytes of the client', async (at, model) => {
  const { gateway, client, upstream, text } = await setUp(at, { model });
  expect((await message(upstream)).data.toString()).toBe(text);
  client.close();
  await gateway.nextEnd();
});

test.each([
  [0, { model: `projects/p2/locations/us-central1/${MODEL}` }, 'expected projects/p1/locations/us-central1'],
  [0, { model: `projects/p1/locations/europe-west4/${MODEL}` }, 'expected projects/p1/locations/us-central1'],
  [1, { model: 'projects/p2/locations/us-central1/endpoints/1' }, 'expected projects/p1/locations/*'],
  [
    0,
    {
      generation_config: {
        routing_config: { manual_mode: { model_name: `projects/p2/locations/us-central1/${MODEL}` } },
      },
    },
    'expected projects/p1/locations/us-central1',
  ],
])('account %i does not serve %j', async (at, setup, expected) => {
  const { gateway, client } = await setUp(at, setup);
  const { code, reason } = await closed(client);
  expect([code, reason]).toEqual([1008, expect.stringContaining(expected)]);
  expect(await gateway.nextEnd()).toMatchObject({ reason: 'frame-refused', frames: { upstream: 0 } });
});
