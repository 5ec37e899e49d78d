// Tests what users of other gateways complain about, on the whole gateway with its processes. Complaints 1, 4, 5 and 6 of the list are
// tested with the router, 3 with the store.

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { LedgerRow } from '../../../server/ipc/stored-rows.ts';
import { killAll } from '../../support/processes.ts';
import { RehearsalClient } from '../../support/rehearsal-client.ts';
import { type Served, serve } from '../../support/served.ts';
import { until } from '../../support/until.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
const LIVE = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent';
const rehearsal = {
  times: { firstAudioMs: 20, firstTextMs: 10, tokenMs: 0, audioSpeed: 100, transcriptionMs: 0 },
  awaitPlayback: false,
};
const text = (words: string) => ({ type: 'message', role: 'user', content: [{ type: 'input_text', text: words }] });

const start = (config: Record<string, unknown>, data?: string): Promise<Served> =>
  serve({ rehearsal, transcripts: 'P30D', ...config }, data);

/** Asks for a reply to these words, and waits for it. */
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
  /** Price of a token: a micro-USD, and a hundred for another model. */
  const prices = {
    'in-query-1': price,
    'in-frame-1': price,
    'in-setup-1': price,
    'dear-1': { input: 100, output: 100 },
  };
  const keys = [
    { id: 'any', secret: 'secret-of-any' },
    { id: 'web', secret: 'secret-of-web', models: ['openai/in-frame-1'] },
  ];
  let served: Served;
  beforeAll(async () => {
    served = await start({ prices, keys, tasks: [] });
  });
  afterAll(() => served.stop());

  let sessions = 0;
  async function call(path: string, key = 'any') {
    sessions += 1;
    const id = `00000000-0000-4000-8000-${String(sessions).padStart(12, '0')}`;
    const separator = path.includes('?') ? '&' : '?';
    const credential = ['realtime', `openai-insecure-api-key.secret-of-${key}`];
    const url = `${served.url}${path}${separator}trunkline-session=${id}`;
    const client = new RehearsalClient(url, path.includes('key=') ? [] : credential);
    await client.opened();
    /** Resolves with the session's ledger row, when it has ended. */
    const row = async (): Promise<LedgerRow> => {
      client.socket.close();
      return until(async () => {
        const reply = await fetch(`${served.admin}/ledger/rows?session=${id}`);
        const { rows } = (await reply.json()) as { rows: readonly LedgerRow[] };
        return rows.find(({ outcome }) => outcome !== 'pending');
      });
    };
    return { client, row };
  }

  const atItsPrice = (model: string, { served: by, costMicroUsd, costSource, usage }: LedgerRow): void => {
    expect(usage.totalTokens).toBeGreaterThan(0);
    expect([by, costMicroUsd, costSource]).toEqual([model, usage.totalTokens, 'estimated']);
  };

  test('a session is booked under the model in its address', async () => {
    const { client, row } = await call('/v1/realtime?model=in-query-1');
    await askRealtime(client, 'hello');
    atItsPrice('in-query-1', await row());
  });

  test('a session is booked under the model in its first message', async () => {
    const { client, row } = await call(`${LIVE}?key=secret-of-any`);
    client.send({ setup: { model: 'models/in-setup-1' } });
    await client.until((event) => 'setupComplete' in event);
    client.send({ clientContent: { turns: [{ role: 'user', parts: [{ text: 'hello' }] }], turnComplete: true } });
    await client.until(({ serverContent }) => (serverContent as { turnComplete?: boolean })?.turnComplete === true);
    atItsPrice('in-setup-1', await row());
  });

  test('a model in each message is booked, and checked like one in the address', async () => {
    const { client, row } = await call('/v1/responses', 'web');
    await askResponses(client, 'in-frame-1', 'hello');
    client.send({ type: 'response.create', model: 'in-query-1', input: 'hello' });
    expect((await client.closed()).code).toBe(1008);
    const ended = await row();
    expect(ended).toMatchObject({ key: 'web', outcome: 'frame-refused' });
    atItsPrice('in-frame-1', ended);
  });

  test('another model in each message is booked at its own price', async () => {
    const { client, row } = await call('/v1/responses');
    await askResponses(client, 'dear-1', 'hello');
    await askResponses(client, 'in-frame-1', 'hello');
    const [dear = 0, cheap = 0] = client
      .all('response.completed')
      .map(({ response }) => (response as { usage: { total_tokens: number } }).usage.total_tokens);
    expect(await row()).toMatchObject({ served: 'in-frame-1', costMicroUsd: 100 * dear + cheap });
  });
});

test('a kill in mid-call still yields the summary of what was said until then (complaint 7)', async () => {
  const id = '00000000-0000-4000-8000-00000000000a';
  const see = async ({ url }: Served) =>
    // biome-ignore lint/suspicious/noExplicitAny: the body of an answer
    (await (await fetch(`${url.replace('ws', 'http')}/v1/sessions/${id}`)).json()) as any;
  const first = await start({});
  const client = new RehearsalClient(`${first.url}${REALTIME}&trunkline-session=${id}`);
  await client.opened();
  await askRealtime(client, 'My parcel from Lisbon has not arrived.');
  await until(async () => (await see(first)).turns?.length === 1);
  killAll(first.child);
  await first.exited;

  const second = await start({}, first.data);
  onTestFinished(() => second.stop());
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
