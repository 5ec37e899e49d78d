// Clients that go away without a word and come back, over real sockets: every message once and in order, whoever says it.

import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { openClient, refusedUpgrade, startGateway, type TestGateway } from '../../../support/gateway.ts';
import { closed, message } from '../../../support/inbox.ts';
import { type FakeProvider, startProvider } from '../../../support/provider.ts';
import { seededRandom } from '../../../support/random.ts';
import { frameBytes, socketOf } from '../../../support/raw-socket.ts';
import { endCalls, survivingCall } from '../../../support/surviving-call.ts';
import { until } from '../../../support/until.ts';

const isLong = process.env.TRUNKLINE_LONG === '1';
const [DROPS, SESSIONS] = isLong ? [2000, 10] : [60, 4];
const PATH = '/v1/realtime?model=gpt-realtime-2.1';
const SURVIVING = `${PATH}&trunkline-survive=client`;

const ends: (() => Promise<unknown>)[] = [];
afterEach(endCalls);
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

interface Line {
  readonly gateway: TestGateway;
  readonly upstream: WebSocket;
  readonly provider: FakeProvider;
  /** Texts that the provider was told, in order. */
  readonly told: string[];
  readonly client: WebSocket;
  readonly id: string;
}

async function open(config: Record<string, unknown> = {}, path = SURVIVING): Promise<Line> {
  const provider = await startProvider();
  const gateway = await startGateway({ provider: provider.url, ...config });
  ends.push(
    () => provider.close(),
    () => gateway.close(),
  );
  return { gateway, provider, ...(await dial(gateway, provider, path)) };
}

async function dial({ url }: TestGateway, provider: FakeProvider, path: string) {
  const id = crypto.randomUUID();
  const client = await openClient(`${url}${path}&trunkline-session=${id}`);
  ends.push(async () => client.terminate());
  const upstream = await provider.next();
  const told: string[] = [];
  void (async () => {
    for (;;) told.push(String((await message(upstream)).data));
  })();
  return { client, upstream, told, id };
}

const back = (line: Pick<Line, 'gateway' | 'id'>, received: number, more = ''): Promise<WebSocket> =>
  openClient(`${line.gateway.url}${PATH}&trunkline-resume=${line.id}.${received}${more}`);

const text = async (ws: WebSocket): Promise<string> => String((await message(ws)).data);

/** Leaves without a close, and waits until the gateway knows. */
async function drop({ client, gateway, id }: Line): Promise<void> {
  client.terminate();
  await until(() => gateway.gateway.record(id)?.resume?.expiresAt !== undefined);
}

describe('a client that comes back', () => {
  test('gets the messages behind those that it has got, and goes on', async () => {
    const line = await open();
    const { upstream, client, told } = line;
    for (const word of ['a', 'b', 'c']) upstream.send(word);
    expect([await text(client), await text(client), await text(client)]).toEqual(['a', 'b', 'c']);
    client.send('1');
    await until(() => told.length === 1);
    await drop(line);
    upstream.send('d');
    upstream.send(Buffer.from('e'), { binary: true });
    await until(() => line.gateway.gateway.record(line.id)?.resume?.sent === 5);
    expect(line.gateway.gateway.record(line.id)?.resume).toMatchObject({ received: 1, sent: 5 });
    // It says that it never saw the third.
    const again = await back(line, 2);
    expect([await text(again), await text(again), await text(again)]).toEqual(['c', 'd', 'e']);
    again.send('2');
    upstream.send('f');
    expect(await text(again)).toBe('f');
    await until(() => told.length === 2);
    expect(told).toEqual(['1', '2']);
    again.close(1000);
    expect(await line.gateway.sample('trunkline_client_returns_total', { provider: 'openai' })).toBe(1);
    expect(await line.gateway.nextEnd()).toMatchObject({
      timeline: expect.arrayContaining([{ at: expect.any(Number), kind: 'return', ms: expect.any(Number) }]),
      reason: 'client-closed',
      frames: { upstream: 2, downstream: 6 },
    });
  });

  test('takes the place of a socket whose network is gone and which nobody missed', async () => {
    const line = await open();
    line.upstream.send('a');
    expect(await text(line.client)).toBe('a');
    const again = await back(line, 1);
    line.upstream.send('b');
    expect(await text(again)).toBe('b');
    expect(await closed(line.client)).toMatchObject({ code: 1006 });
  });

  test('gets a message whole that was half on its way when it left or came back', async () => {
    const line = await open();
    const long = 'x'.repeat(3_000_000);
    line.upstream.send('a');
    expect(await text(line.client)).toBe('a');
    line.upstream.send(long);
    line.client.terminate();
    const again = await back(line, 1);
    line.upstream.send('b');
    expect([await text(again), await text(again)]).toEqual([long, 'b']);
  });

  test('says again what was half on its way: no part of it reaches the provider', async () => {
    const line = await open();
    const socket = (line.client as unknown as { readonly _socket: { write(bytes: Buffer): void } })._socket;
    // The head of a masked text of 100 bytes, and some of them.
    socket.write(Buffer.concat([Buffer.from([0x81, 0xe4, 0, 0, 0, 0]), Buffer.from('y'.repeat(10))]));
    await drop(line);
    const again = await back(line, 0);
    again.send('z');
    await until(() => line.told.length === 1);
    expect(line.told).toEqual(['z']);
  });

  test('is told by its 101 that its session waits for it', async () => {
    const line = await open({ keys: [{ id: 'k', secret: 'secret-of-k', survive: 'both' }] }, `${PATH}&key=secret-of-k`);
    await drop(line);
    const client = new WebSocket(`${line.gateway.url}${PATH}&key=secret-of-k&trunkline-resume=${line.id}.0`);
    ends.push(async () => client.terminate());
    const headers = await new Promise<Record<string, unknown>>((resolve, reject) => {
      client.once('upgrade', (answer) => resolve(answer.headers));
      client.once('error', reject);
    });
    expect(headers).toMatchObject({ 'x-trunkline-session': line.id, 'x-trunkline-survives': 'both' });
  });
});

describe('a session', () => {
  test('ends with a client that does not come back in time', async () => {
    const line = await open({ limits: { resumeMs: 100 } });
    await drop(line);
    expect(await closed(line.upstream)).toMatchObject({ code: 1011 });
    expect(await line.gateway.nextEnd()).toMatchObject({ reason: 'client-lost', closeCode: 1006 });
  });

  test('ends with a client that closes, and with one that nobody asked to wait for', async () => {
    const line = await open();
    line.client.close(1000);
    expect(await line.gateway.nextEnd()).toMatchObject({ reason: 'client-closed' });
    const plain = await dial(line.gateway, line.provider, PATH);
    plain.client.terminate();
    expect(await line.gateway.nextEnd()).toMatchObject({ reason: 'client-lost' });
  });

  test('that its provider ends while the client is away is over', async () => {
    const line = await open();
    await drop(line);
    line.upstream.close(1000);
    expect(await line.gateway.nextEnd()).toMatchObject({ reason: 'provider-closed' });
    expect((await refusedUpgrade(`${line.gateway.url}${PATH}&trunkline-resume=${line.id}.0`, {})).status).toBe(404);
  });

  test('refuses the page of another origin, which may have found the credential', async () => {
    const origins = ['https://one.example', 'https://other.example'];
    const line = await open({ listen: { origins } });
    await drop(line);
    const refused = await refusedUpgrade(`${line.gateway.url}${PATH}&trunkline-resume=${line.id}.0`, {
      headers: { origin: 'https://other.example' },
    });
    expect([refused.status, JSON.parse(refused.body).error.code]).toEqual([404, 'unknown_session']);
  });

  test('refuses one who has another credential, or has missed too much', async () => {
    const keys = [
      { id: 'k', secret: 'secret-of-k' },
      { id: 'other', secret: 'secret-of-other' },
    ];
    const line = await open({ keys, limits: { resumeBytes: 1000 } }, `${SURVIVING}&key=secret-of-k`);
    const refused = async (key: string, received: string) => {
      const path = `${PATH}&key=${key}&trunkline-resume=${received}`;
      const { status, body } = await refusedUpgrade(line.gateway.url + path, {});
      return [status, JSON.parse(body).error.code];
    };
    for (let number = 0; number < 30; number++) line.upstream.send('w'.repeat(100));
    await until(() => line.gateway.gateway.record(line.id)?.resume?.sent === 30);
    expect(await refused('secret-of-other', `${line.id}.30`)).toEqual([404, 'unknown_session']);
    expect(await refused('secret-of-k', `${crypto.randomUUID()}.0`)).toEqual([404, 'unknown_session']);
    expect(await refused('secret-of-k', `${line.id}.3`)).toEqual([409, 'resume_too_late']);
    expect(await refused('secret-of-k', `${line.id}.31`)).toEqual([409, 'resume_too_late']);
    expect(await refused('secret-of-k', line.id)).toEqual([400, 'invalid_request']);
    line.upstream.send('still here');
    await until(() => line.gateway.gateway.record(line.id)?.resume?.sent === 31);
  });
});

test(`${DROPS} drops at random moments lose no message, and repeat none`, async () => {
  const random = seededRandom(7);
  const provider = await startProvider();
  const gateway = await startGateway({ provider: provider.url });
  ends.push(
    () => provider.close(),
    () => gateway.close(),
  );
  const opened: Awaited<ReturnType<typeof dial>>[] = [];
  for (let number = 0; number < SESSIONS; number++) opened.push(await dial(gateway, provider, SURVIVING));
  const run = async ({ client: first, upstream, told, id }: (typeof opened)[number]): Promise<void> => {
    const got: string[] = [];
    const said: string[] = [];
    let sent = 0;
    let client = first;
    const listen = (ws: WebSocket): void => {
      void (async () => {
        for (;;) {
          const word = await text(ws);
          if (ws === client) got.push(word);
        }
      })();
    };
    listen(client);
    for (let drops = 0; drops < DROPS / SESSIONS; drops++) {
      const words = random.below(6);
      for (let number = 0; number < words; number++) upstream.send(`${sent++}:${'x'.repeat(random.below(5000))}`);
      if (random.below(2) === 0) client.send(String(said.push(`w${said.length}`) - 1));
      if (random.below(2) === 0) await until(() => got.length === sent);
      const old = client;
      if (random.below(3) > 0) old.terminate();
      client = undefined as unknown as WebSocket;
      const received = got.length;
      const next = await back({ gateway, id }, received);
      ends.push(async () => next.terminate());
      client = next;
      listen(next);
      const taken = gateway.gateway.record(id)?.resume?.received ?? 0;
      for (let number = taken; number < said.length; number++) client.send(String(number));
    }
    await until(() => got.length === sent && told.length === said.length);
    expect(got.map((word) => Number(word.split(':')[0]))).toEqual(Array.from({ length: sent }, (_, at) => at));
    expect(told).toEqual(said.map((_, at) => String(at)));
  };
  await Promise.all(opened.map(run));
}, 900_000);

test('what waited for a provider when a client left is said by it again, and once', async () => {
  let [isDown, tries] = [false, 0];
  const id = crypto.randomUUID();
  const options = {
    onUpgrade(_: unknown, socket: { end(text: string): void }) {
      if (isDown) socket.end('HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n');
      if (isDown) tries += 1;
      return isDown;
    },
  };
  const path = `${PATH}&trunkline-survive=both&trunkline-session=${id}`;
  const { gateway, client, leg } = await survivingCall(options, {}, path);
  const first = await leg(1);
  isDown = true;
  first.ws.terminate();
  await until(() => tries > 0);
  const say = (word: string) =>
    JSON.stringify({
      type: 'conversation.item.create',
      item: { id: word, type: 'message', role: 'user', content: [] },
    });
  socketOf(client).end(Buffer.concat([frameBytes(1, say('one')), frameBytes(1, say('two')).subarray(0, 20)]));
  const state = () => gateway.gateway.record(id)?.resume;
  await until(() => state()?.expiresAt !== undefined);
  expect(state()?.received).toBe(0);
  const again = await back({ gateway, id }, 1);
  ends.push(async () => again.terminate());
  for (const word of ['one', 'two', 'three']) again.send(say(word));
  isDown = false;
  const second = await leg(2);
  await until(() => second.items.has('three'));
  expect(second.told.map(({ item }) => (item as { id: string }).id)).toEqual(['one', 'two', 'three']);
});

test('what the next socket of the provider says while the client is away is counted, and kept for it', async () => {
  const id = crypto.randomUUID();
  const path = `${PATH}&trunkline-survive=both&trunkline-session=${id}`;
  const { gateway, client, leg } = await survivingCall({}, {}, path);
  client.terminate();
  await until(() => gateway.gateway.record(id)?.resume?.expiresAt !== undefined);
  (await leg(1)).ws.close(1011);
  (await leg(2)).reply(['Yes.']);
  await until(() => gateway.gateway.record(id)?.resume?.sent === 10);
  const again = await back({ gateway, id }, 1);
  for (let type = ''; type !== 'response.done'; ) ({ type } = JSON.parse(await text(again)));
  again.close(1000);
  expect(await gateway.nextEnd()).toMatchObject({ reason: 'client-closed', usage: { totalTokens: 3 } });
});
