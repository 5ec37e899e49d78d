// What users of other gateways complain about, on the whole gateway with its processes. The numbers are those of the list of complaints;
// 1, 4, 5 and 6 are with the router, 3 is with the store.

import { afterEach, describe, expect, test } from 'vitest';
import type { LedgerRow } from '../../../server/side/records.ts';
import { closed } from '../../support/inbox.ts';
import { killAll } from '../../support/processes.ts';
import { RehearsalClient } from '../../support/rehearsal-client.ts';
import { type Served, serve } from '../../support/served.ts';
import { storedCalls } from '../../support/stored.ts';
import { until } from '../../support/until.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
const LIVE = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent';
const rehearsal = {
  times: { firstAudioMs: 20, firstTextMs: 10, tokenMs: 0, audioSpeed: 100, transcriptionMs: 0 },
  awaitPlayback: false,
};
const text = (words: string) => ({ type: 'message', role: 'user', content: [{ type: 'input_text', text: words }] });

let gateway: Served | undefined;
afterEach(async () => {
  if (gateway?.child.exitCode === null && gateway.child.signalCode === null) await gateway.stop();
  gateway = undefined;
});

async function start(config: Record<string, unknown>, data?: string): Promise<Served> {
  gateway = await serve({ rehearsal, transcripts: 'P30D', ...config }, data);
  return gateway;
}

async function open(served: Served, path: string): Promise<RehearsalClient> {
  const client = new RehearsalClient(served.url + path);
  await client.opened();
  return client;
}

/** Asks for a reply to these words, and gets it. */
async function askRealtime(client: RehearsalClient, words: string): Promise<void> {
  client.send({ type: 'conversation.item.create', item: text(words) });
  client.send({ type: 'response.create' });
  await client.type('response.done');
}

async function askResponses(client: RehearsalClient, model: string, input: string): Promise<void> {
  client.send({ type: 'response.create', model, input });
  await client.type('response.completed');
}

describe('complaint 2: sessions booked as model "unknown" at no cost, models in frames that nobody looks at', () => {
  const price = { input: 1, output: 1, audioInput: 1, audioOutput: 1 };
  /** Each token costs a micro-USD, whatever it is. */
  const prices = { 'in-query-1': price, 'in-frame-1': price, 'in-setup-1': price };
  const ledgerOf = async (served: Served): Promise<readonly LedgerRow[]> => {
    await served.stop();
    return (await storedCalls(served.data)).flatMap(({ ledger }) => ledger);
  };

  test('the model is known, and its tokens cost what they cost, wherever it was named', async () => {
    const served = await start({ prices, tasks: [] });
    const query = await open(served, '/v1/realtime?model=in-query-1');
    await askRealtime(query, 'hello');
    const frame = await open(served, '/v1/responses');
    await askResponses(frame, 'in-frame-1', 'hello');
    const setup = await open(served, `${LIVE}?key=x`);
    setup.send({ setup: { model: 'models/in-setup-1' } });
    await setup.until((event) => 'setupComplete' in event);
    setup.send({ clientContent: { turns: [{ role: 'user', parts: [{ text: 'hello' }] }], turnComplete: true } });
    await setup.until(({ serverContent }) => (serverContent as { turnComplete?: boolean })?.turnComplete === true);
    for (const client of [query, frame, setup]) {
      client.socket.close();
      await client.closed();
    }
    const ledger = await ledgerOf(served);
    expect(ledger.map(({ served: model }) => model).sort()).toEqual(Object.keys(prices).sort());
    for (const { costMicroUsd, costSource, usage } of ledger) {
      expect(usage.totalTokens).toBeGreaterThan(0);
      expect([costMicroUsd, costSource]).toEqual([usage.totalTokens, 'estimated']);
    }
  });

  test('where each reply names another model, each costs its own price', async () => {
    const dear = { input: 100, output: 100 };
    const served = await start({ prices: { ...prices, 'dear-1': dear }, tasks: [] });
    const client = await open(served, '/v1/responses');
    await askResponses(client, 'dear-1', 'hello');
    await askResponses(client, 'in-frame-1', 'hello');
    client.socket.close();
    await client.closed();
    const [row] = await ledgerOf(served);
    const [dearTokens = 0, tokens = 0] = client
      .all('response.completed')
      .map(({ response }) => (response as { usage: { total_tokens: number } }).usage.total_tokens);
    expect(row).toMatchObject({ served: 'in-frame-1', costMicroUsd: 100 * dearTokens + tokens });
  });

  test('a model in a frame is checked like one in the address, and no session costs nothing', async () => {
    const keys = [{ id: 'web', secret: 'secret-of-web', models: ['openai/in-frame-1'] }];
    const served = await start({ prices, keys, tasks: [] });
    const client = new RehearsalClient(`${served.url}/v1/responses`, [
      'realtime',
      'openai-insecure-api-key.secret-of-web',
    ]);
    await client.opened();
    await askResponses(client, 'in-frame-1', 'hello');
    client.send({ type: 'response.create', model: 'in-query-1', input: 'hello' });
    expect((await closed(client.socket)).code).toBe(1008);
    const [row] = await ledgerOf(served);
    expect(row).toMatchObject({ key: 'web', served: 'in-frame-1', outcome: 'frame-refused' });
    expect(row?.costMicroUsd).toBe(row?.usage.totalTokens);
  });
});

test('complaint 7: a kill in mid-call still yields the summary of what was said until then', async () => {
  const id = '00000000-0000-4000-8000-00000000000a';
  const see = async ({ url }: Served) =>
    // biome-ignore lint/suspicious/noExplicitAny: the body of an answer
    (await (await fetch(`${url.replace('ws', 'http')}/v1/sessions/${id}`)).json()) as any;
  const first = await start({});
  const client = await open(first, `${REALTIME}&trunkline-session=${id}`);
  await askRealtime(client, 'My parcel from Lisbon has not arrived.');
  await until(async () => (await see(first)).turns?.length === 1);
  killAll(first.child);
  await first.exited;

  const second = await start({}, first.data);
  const seen = await until(async () => {
    const session = await see(second);
    return session.tasks.every(({ state }: { state: string }) => state === 'done') && session;
  });
  expect(seen).toMatchObject({ state: 'closed', reason: 'recovered' });
  const kinds = seen.tasks.map(({ kind }: { kind: string }) => kind);
  expect(kinds).toEqual(expect.arrayContaining(['summary', 'title', 'classification']));
  const summary = seen.tasks.find(({ kind }: { kind: string }) => kind === 'summary');
  expect(summary).toMatchObject({ isRehearsal: true, quality: 'valid' });
  expect(summary.result.summary).toContain('parcel from Lisbon');
  const realtime = seen.ledger.find(({ kind }: { kind: string }) => kind === 'realtime');
  expect(realtime).toMatchObject({ outcome: 'recovered', isRehearsal: true });
  expect(realtime.usage.totalTokens).toBeGreaterThan(0);
});
