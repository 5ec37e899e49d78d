// Tests a call with a rolling summary every two turns, and calls that continue it: the rehearsal provider, its LLM gateway, a real store.

import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadConfig } from '../../../server/config/load.ts';
import { Outbox } from '../../../server/gateway/side/outbox.ts';
import { type RunningRehearsal, startRehearsal } from '../../../server/rehearsal/host.ts';
import { openSide, type Side } from '../../../server/side/side.ts';
import { configFile } from '../../support/config-file.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { RehearsalClient } from '../../support/rehearsal-client.ts';
import { type Relay, startRelay } from '../../support/relay.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { until } from '../../support/until.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
const GEMINI = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent?key=secret-of-demo';
const file = {
  keys: [{ id: 'demo', secret: 'secret-of-demo' }],
  rehearsal: { times: { firstTextMs: 1, tokenMs: 1 } },
  tasks: [{ kind: 'rolling-summary', class: 'rehearsal', when: { everyTurns: 2 } }],
  side: { pollMs: 20, contextMs: 20_000 },
};

let rehearsal: RunningRehearsal;
let relay: Relay;
let side: Side;
let gateway: TestGateway;

beforeEach(async () => {
  const config = loadConfig({ file: configFile(file), data: temporaryFolder('continued'), env: {} });
  rehearsal = await startRehearsal(file.rehearsal);
  relay = await startRelay(rehearsal.url);
  const rehearsalUrl = rehearsal.url.replace(/^ws/, 'http');
  side = await openSide(
    { config, instance: 'one', isOwner: true, isAlone: true, runsTasks: true, rehearsalUrl },
    pino({ level: 'silent' }),
  );
  const { outboxItems: maxItems, outboxBytes: maxBytes, whenFull } = config.side;
  const send = ({ bytes }: { bytes: Buffer }) => side.commitEvents(bytes);
  const outbox = new Outbox({ maxItems, maxBytes, whenFull, send });
  gateway = await startGateway({ ...file, rehearsalUrl: relay.url, outbox, askSide: side.answer });
});

afterEach(async () => {
  await gateway.close();
  await side.close(1000);
  await relay.close();
  await rehearsal.close();
});

interface Call {
  readonly client: RehearsalClient;
  readonly id: string;
  readonly context: string | undefined;
}

async function call(target: string, earlier?: string): Promise<Call> {
  const named = earlier === undefined ? '' : `${target.includes('?') ? '&' : '?'}trunkline-continue=${earlier}`;
  const protocols = target === REALTIME ? ['realtime', 'openai-insecure-api-key.secret-of-demo'] : [];
  const client = new RehearsalClient(gateway.url + target + named, protocols);
  const answered = new Promise<Record<string, unknown>>((resolve) =>
    client.socket.once('upgrade', ({ headers }) => resolve(headers)),
  );
  await client.opened();
  const headers = await answered;
  return { client, id: String(headers['x-trunkline-session']), context: headers['x-trunkline-context'] as string };
}

async function write({ client }: Call, text: string): Promise<void> {
  const content = [{ type: 'input_text', text }];
  client.send({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content } });
  client.send({ type: 'response.create', response: { output_modalities: ['text'] } });
  await client.type('response.done');
}

/** Reads a session with its key. */
async function stored(id: string): Promise<{ turns: { user: string }[]; tasks: { state: string; result: object }[] }> {
  const http = gateway.url.replace('ws:', 'http:');
  const answer = await fetch(`${http}/v1/sessions/${id}`, { headers: { authorization: 'Bearer secret-of-demo' } });
  return (await answer.json()) as Awaited<ReturnType<typeof stored>>;
}

const summarised = (id: string, count: number) =>
  until(async () => (await stored(id)).tasks.filter(({ state }) => state === 'done').length === count);

const reply = (text: string) => `This is the rehearsal provider. You wrote: ${text}`;
const contextOf = (message: string | undefined): string => JSON.parse(message ?? '').item.content[0].text;

test('a call that continues another one is told the summary and the turns since, ahead of everything, and stores none of it as its own', async () => {
  const first = await call(REALTIME);
  expect(first.context).toBeUndefined();
  await write(first, 'I lost my card');
  await write(first, 'It ends in 42');
  await summarised(first.id, 1);
  await write(first, 'Send it to Rome');
  first.client.socket.close();
  await first.client.closed();

  const second = await call(REALTIME, first.id);
  expect(second.context).toBe('summary');
  await write(second, 'Where were we?');
  const [, seen = []] = relay.seen;
  const text = contextOf(seen[0]);
  expect(seen[0]).toBe(
    JSON.stringify({
      event_id: 'trunkline-context',
      type: 'conversation.item.create',
      item: { type: 'message', role: 'system', content: [{ type: 'input_text', text }] },
    }),
  );
  expect(seen.slice(1).map((message) => JSON.parse(message).type)).toEqual([
    'conversation.item.create',
    'response.create',
  ]);
  const { result } = (await stored(first.id)).tasks[0] as { result: { summary: string } };
  expect(text).toContain(`<previous-summary>\n${result.summary}`);
  expect(text).toContain(`<transcript>\nUser: Send it to Rome\nAssistant: ${reply('Send it to Rome')}\n</transcript>`);
  // The provider's answer to the item reaches the client.
  expect(second.client.events.slice(0, 3)).toMatchObject([
    { type: 'session.created' },
    { type: 'conversation.item.added', item: { role: 'system', content: [{ text }] } },
    { type: 'conversation.item.done' },
  ]);
  second.client.socket.close();
  const { turns } = await until(async () => {
    const now = await stored(second.id);
    return now.turns.length > 0 && now;
  });
  expect(turns).toMatchObject([{ number: 1, user: 'Where were we?', assistant: reply('Where were we?') }]);
  expect(await stored(second.id)).toMatchObject({ continues: first.id, context: 'summary' });
});

test('a third call knows the first one, whether or not the second has a summary', async () => {
  const first = await call(REALTIME);
  await write(first, 'I lost my card');
  await write(first, 'It ends in 42');
  await summarised(first.id, 1);
  first.client.socket.close();
  const second = await call(REALTIME, first.id);
  await write(second, 'It is for Ann');
  second.client.socket.close();
  await second.client.closed();

  const third = await call(REALTIME, second.id);
  const { result } = (await stored(first.id)).tasks[0] as { result: { summary: string } };
  const text = contextOf(await until(() => relay.seen[2]?.[0]));
  expect(text).toContain(`<previous-summary>\n${result.summary}`);
  expect(text).toContain('User: It is for Ann');
  await write(third, 'Send it to Rome');
  await write(third, 'Tomorrow');
  await summarised(third.id, 1);
  third.client.socket.close();

  await call(REALTIME, third.id);
  const last = contextOf(await until(() => relay.seen[3]?.[0]));
  expect(last).toContain('card');
  expect(last).not.toContain('<transcript>');
});

test('turns without a summary are told as they are, also from one provider to another', async () => {
  const first = await call(REALTIME);
  await write(first, 'I lost my card');
  first.client.socket.close();
  await first.client.closed();

  const second = await call(GEMINI, first.id);
  expect(second.context).toBe('turns');
  const setup = JSON.stringify({
    setup: { model: 'models/gemini-live', generationConfig: { responseModalities: ['TEXT'] } },
  });
  const asked = JSON.stringify({ realtimeInput: { text: 'Where were we?' } });
  second.client.socket.send(setup);
  // Clients should wait for the answer to their setup; what this one sends before does not get ahead of the context.
  second.client.socket.send(asked);
  await second.client.until(({ serverContent }) => (serverContent as { turnComplete?: true })?.turnComplete === true);
  const seen = relay.seen[1] ?? [];
  expect([seen[0], seen[2], seen.length]).toEqual([setup, asked, 3]);
  const { clientContent } = JSON.parse(seen[1] ?? '');
  expect(clientContent).toEqual({
    turns: [{ role: 'user', parts: [{ text: expect.any(String) }] }],
    turnComplete: false,
  });
  expect(clientContent.turns[0].parts[0].text).toContain(
    `<transcript>\nUser: I lost my card\nAssistant: ${reply('I lost my card')}\n</transcript>`,
  );
  second.client.socket.close();
  const turns = await until(async () => {
    const now = await stored(second.id);
    return now.turns.length > 0 && now.turns;
  });
  expect(turns).toMatchObject([{ user: 'Where were we?' }]);
});

test('the 101 says so where nothing is kept of the earlier session', async () => {
  const first = await call(REALTIME);
  first.client.socket.close();
  await first.client.closed();
  const second = await call(REALTIME, first.id);
  expect(second.context).toBe('none');
  await write(second, 'Hello');
  expect(relay.seen[1]?.map((message) => JSON.parse(message).type)).toEqual([
    'conversation.item.create',
    'response.create',
  ]);
});
