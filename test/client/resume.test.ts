// Voice sessions whose connections break at random, at real gateway processes: every message once, in order, both ways. TRUNKLINE_LONG=1 breaks 2,000.

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { WebSocket as ProviderSocket } from 'ws';
import { connectVoice, type GatewayProblem, type SocketClose, type VoiceSession } from '../../client/index.ts';
import { isSoundMessage, OwnMessages } from '../../client/resume.ts';
import { message } from '../support/inbox.ts';
import { type FakeProvider, startProvider } from '../support/provider.ts';
import { seededRandom } from '../support/random.ts';
import { type ServedGateway, serveGateway } from '../support/sdk.ts';
import { until } from '../support/until.ts';

const isLong = process.env.TRUNKLINE_LONG === '1';
const [DROPS, SESSIONS] = isLong ? [2000, 10] : [50, 5];

describe('own messages', () => {
  test('are sent again behind those that were taken, and count from there', () => {
    const own = new OwnMessages();
    for (const word of ['a', 'b', 'c']) own.add(word, false);
    expect(own.after(1)).toEqual(['b', 'c']);
    own.add('d', false);
    expect(own.after(3)).toEqual(['d']);
    expect(own.after(4)).toEqual([]);
  });

  test('that are old sound are left out, and the rest counts on', () => {
    const clock = vi.spyOn(performance, 'now');
    ends.push(() => clock.mockRestore());
    const own = new OwnMessages();
    own.add('old sound', true);
    own.add('word', false);
    clock.mockReturnValue(performance.now() + 2100);
    own.add('new sound', true);
    expect(own.after(0)).toEqual(['word', 'new sound']);
    own.add('more', false);
    expect(own.after(2)).toEqual(['more']);
  });

  test('that were let go of are missed, unless the gateway has taken them', () => {
    const own = new OwnMessages();
    for (let number = 0; number < 5; number++) own.add('x'.repeat(1024 * 1024), false);
    expect(own.after(0)).toBeUndefined();
    expect(own.after(1)?.length).toBe(4);
  });

  test.each([
    ['{"type":"input_audio_buffer.append","audio":"AAA"}', true],
    ['{"realtimeInput":{"audio":{"data":"AAA"}}}', true],
    ['{"realtime_input": {"media_chunks": []}}', true],
    ['{"user_audio_chunk":"AAA"}', true],
    ['{"type":"audio_input","data":"AAA"}', true],
    [new Uint8Array([1]), true],
    ['{"type":"input_audio_buffer.commit"}', false],
    ['{"realtimeInput":{"text":"audio"}}', false],
    ['{"clientContent":{}}', false],
  ])('%s: sound is %s', (data, isSound) => expect(isSoundMessage(data)).toBe(isSound));
});

interface Line {
  readonly address: string;
  /** Breaks all connections that are open, and returns how many that were. */
  drop(): number;
  /** Refuses connections while it is set. */
  isDown: boolean;
  close(): void;
}

/** A network between client and gateway that breaks when the test wants it to. */
async function lineTo(port: number): Promise<Line> {
  const open = new Set<Socket>();
  const server = createServer((near) => {
    if (line.isDown) return void near.resetAndDestroy();
    const far = connect(port, '127.0.0.1');
    open.add(near);
    near.on('error', () => {}).once('close', () => open.delete(near) && far.destroy());
    far.on('error', () => {}).once('close', () => near.destroy());
    near.pipe(far).pipe(near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const line: Line = {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    isDown: false,
    drop() {
      const count = open.size;
      for (const socket of open) socket.resetAndDestroy();
      return count;
    },
    close() {
      line.drop();
      server.close();
    },
  };
  return line;
}

let provider: FakeProvider;
let gateway: ServedGateway;
const ends: (() => void)[] = [];
beforeAll(async () => {
  provider = await startProvider();
  gateway = await serveGateway({
    processes: 2,
    keys: [{ id: 'app', secret: 'secret-of-app' }],
    limits: { resumeMs: 20_000, maxConnectionsPerAddress: 10_000 },
    providers: { openai: { baseUrl: provider.url, apiKey: 'secret-of-the-provider', allowPrivate: true } },
  });
});
afterEach(() => {
  for (const end of ends.splice(0).reverse()) end();
});
afterAll(async () => {
  await gateway?.close();
  await provider?.close();
});

interface Call {
  readonly line: Line;
  readonly session: VoiceSession;
  readonly upstream: ProviderSocket;
  readonly got: number[];
  readonly told: number[];
  readonly heard: {
    resuming: number;
    resumed: number;
    opened: number;
    readonly over: (SocketClose | GatewayProblem)[];
  };
}

async function call(): Promise<Call> {
  const line = await lineTo(Number(new URL(gateway.http).port));
  const heard: Call['heard'] = { resuming: 0, resumed: 0, opened: 0, over: [] };
  const [got, told]: [number[], number[]] = [[], []];
  const session = connectVoice({
    ...{ gateway: line.address, path: '/v1/realtime', query: { model: 'gpt-realtime-2.1' } },
    ...{ credential: 'secret-of-app', survives: 'client', continues: false },
    onOpen: () => {
      heard.opened += 1;
    },
    onMessage: (event) => got.push((event as { n: number }).n),
    onResuming: () => {
      heard.resuming += 1;
    },
    onResumed: () => {
      heard.resumed += 1;
    },
    onClose: (cause) => heard.over.push(cause),
  });
  ends.push(
    () => line.close(),
    () => session.close(),
  );
  const upstream = await provider.next();
  void (async () => {
    for (;;) told.push(JSON.parse(String((await message(upstream)).data)).n);
  })();
  await until(() => heard.opened === 1);
  return { line, session, upstream, got, told, heard };
}

const inOrder = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

test(`${DROPS} drops at random lose no message, and repeat none`, async () => {
  const random = seededRandom(11);
  const calls: Call[] = [];
  for (let number = 0; number < SESSIONS; number++) calls.push(await call());
  await Promise.all(
    calls.map(async ({ line, session, upstream, got, told, heard }) => {
      let [sent, said, dropped] = [0, 0, 0];
      while (dropped < DROPS / SESSIONS) {
        for (let words = random.below(6); words > 0; words--)
          upstream.send(JSON.stringify({ n: sent++, pad: 'x'.repeat(random.below(20_000)) }));
        for (let words = random.below(6); words > 0; words--)
          expect(session.send({ type: 'word', n: said++, pad: 'y'.repeat(random.below(20_000)) })).toBe(true);
        if (random.below(3) === 0) await until(() => got.length === sent && told.length === said);
        await new Promise((resolve) => setTimeout(resolve, random.below(20)));
        dropped += line.drop();
      }
      await until(() => got.length === sent && told.length === said);
      expect(got).toEqual(inOrder(sent));
      expect(told).toEqual(inOrder(said));
      expect(heard).toMatchObject({ opened: 1, over: [] });
      expect(heard.resumed).toBeGreaterThan(0);
    }),
  );
}, 1_800_000);

test('a session that is over when its client comes back is opened anew', async () => {
  const { line, upstream, heard } = await call();
  line.isDown = true;
  line.drop();
  await until(() => heard.resuming === 1);
  upstream.close(1000);
  line.isDown = false;
  await until(() => heard.opened === 2);
  expect(heard.resumed).toBe(0);
  (await provider.next()).close(1000);
  await until(() => heard.over.length === 1);
  expect(heard.over).toMatchObject([{ code: 1000 }]);
});

test('a client that hangs up while it is away does not come back', async () => {
  const { line, session, upstream, heard } = await call();
  line.isDown = true;
  line.drop();
  await until(() => heard.resuming === 1);
  session.close();
  line.isDown = false;
  expect(heard.over).toMatchObject([{ code: 1000 }]);
  expect(session.send({ type: 'late' })).toBe(false);
  upstream.close(1000);
  const state = () =>
    fetch(`${gateway.http}/v1/sessions/${session.id}/resume`, { headers: { authorization: 'Bearer secret-of-app' } });
  await until(async () => (await state()).status === 404);
  expect(heard).toMatchObject({ opened: 1, resumed: 0 });
});
