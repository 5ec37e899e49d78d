// Tests that nothing of a client that leaves is lost while a part of it is held: the session ends behind it.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { startGateway, type TestGateway } from '../../../support/gateway.ts';
import { type IdProvider, keys, open, startIdProvider } from '../../../support/id-provider.ts';
import { sampleOf } from '../../../support/metrics.ts';
import { closeBytes, frameBytes, socketOf } from '../../../support/raw-socket.ts';
import { until } from '../../../support/until.ts';

let provider: IdProvider;
let gateway: TestGateway;
/** Lets the store answer. */
let answer: () => void;
let isAsked = false;

beforeAll(async () => {
  provider = await startIdProvider();
  const account = { baseUrl: provider.url, apiKey: 'provider-secret', allowPrivate: true };
  gateway = await startGateway({
    providers: { openai: account },
    keys,
    limits: { closeMs: 200 },
    async findOwners(digests) {
      isAsked = true;
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return digests.map(() => 'ann');
    },
  });
});
afterAll(async () => {
  await gateway.close();
  await provider.close();
});

const masked = (text: string) => frameBytes(1, text, { masked: true });
const message = (id: string) =>
  masked(JSON.stringify({ type: 'response.create', previous_response_id: id, input: 'x' }));
const close = closeBytes(1000, '', { masked: true });

const leave: readonly (readonly [how: string, closeCode: number, (client: WebSocket, bytes: Buffer) => void])[] = [
  ['closes', 1000, (client, bytes) => socketOf(client).write(Buffer.concat([bytes, close]))],
  ['closes and ends its connection', 1000, (client, bytes) => socketOf(client).end(Buffer.concat([bytes, close]))],
  ['ends its connection without a close', 1006, (client, bytes) => socketOf(client).end(bytes)],
];

test.each(leave)('a client that %s behind messages that wait for the store has them passed', async (how, code, go) => {
  const client = await open(gateway, 'ann');
  isAsked = false;
  const before = gateway.ended.length;
  const ids = [`unknown_${how}`, `second_${how}`];
  go(client, Buffer.concat(ids.map(message)));
  for (const id of ids) {
    await until(() => isAsked);
    isAsked = false;
    answer();
    await until(() => provider.received.some((text) => text.includes(id)));
  }
  await until(() => gateway.ended.length > before);
  expect(gateway.ended.at(-1)).toMatchObject({ closeCode: code });
  client.terminate();
});

test('a message that was held when the session ended is dropped with its memory', async () => {
  const before = gateway.ended.length;
  isAsked = false;
  const client = await open(gateway, 'ann');
  const unfinished = masked('x'.repeat(100_000)).subarray(0, 90_000);
  socketOf(client).write(Buffer.concat([message('unknown_at_end'), unfinished]));
  await until(() => isAsked);
  socketOf(client).pause();
  for (const session of provider.sockets) session.terminate();
  await until(() => gateway.ended.length > before);
  answer();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await sampleOf(gateway.gateway.metrics.registry, 'trunkline_unfinished_message_bytes')).toBe(0);
  client.terminate();
});
