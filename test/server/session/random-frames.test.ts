// Random frames, sound and unsound, among messages that begin alike: the provider gets the same frames and the client the same close, whether
// repeats go the short way or not. TRUNKLINE_LONG=1 tries more.

import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { AlikeMessages } from '../../../codecs/websocket/alike-messages.ts';
import { Link } from '../../../server/session/link/link.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { type FakeProvider, startProvider } from '../../support/provider.ts';
import { type Random, seededRandom } from '../../support/random.ts';
import { randomWire } from '../../support/random-wire.ts';
import { acceptRaw, closeBytes, frameBytes, type RawSocket, upgradeRaw } from '../../support/raw-socket.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
const isLong = process.env.TRUNKLINE_LONG === '1';
const SEEDS = isLong ? 1000 : 60;
console.info(`random frames of a session: ${isLong ? 'long' : 'CI'} mode, ${SEEDS} seeds`);
let provider: FakeProvider;
let gateway: TestGateway;
const arrived: RawSocket[] = [];

beforeAll(async () => {
  provider = await startProvider({
    onUpgrade(request, socket) {
      arrived.push(acceptRaw(request, socket));
      return true;
    },
  });
  const limits = { clientMaxPayloadBytes: 1000, maxFragments: 4, closeMs: 100 };
  gateway = await startGateway({ provider: provider.url, limits });
});
afterAll(async () => {
  await gateway.close();
  await provider.close();
});
afterEach(() => vi.restoreAllMocks());

test('random frames arrive alike both ways', async () => {
  const repeat = vi.spyOn(Link.prototype, 'repeat');
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const short = await framesOf(seed);
    const areAll = vi.spyOn(AlikeMessages.prototype, 'areAll').mockReturnValue(false);
    const long = await framesOf(seed);
    areAll.mockRestore();
    expect(short, `seed ${seed}`).toEqual(long);
  }
  expect(repeat.mock.results.filter(({ value }) => value > 0).length).toBeGreaterThan(SEEDS / 2);
});

/** Returns the whole frames that the provider and the client get of a session whose client sends random ones in pieces. */
async function framesOf(seed: number): Promise<string[][]> {
  const random = seededRandom(seed);
  const client = await upgradeRaw(gateway.port, REALTIME);
  const upstream = arrived.pop();
  if (upstream === undefined) throw new Error('no session');
  for (const piece of piecesOf(random)) {
    client.send(piece);
    await new Promise(setImmediate);
  }
  const got = await Promise.all([whole(upstream), whole(client)]);
  await gateway.nextEnd();
  return got;
}

/** Reads frames until the other end closes, and closes too. */
async function whole(raw: RawSocket): Promise<string[]> {
  const frames: string[] = [];
  for (;;) {
    const frame = await raw.frame().catch(() => undefined);
    if (frame === undefined) return frames;
    const { opcode, fin, payload } = frame;
    // The number of pings in one read depends on the network.
    if (opcode !== 10) frames.push(`${opcode} ${fin} ${payload.toString('base64')}`);
    if (opcode === 8) raw.socket.end();
  }
}

function piecesOf(random: Random): Buffer[] {
  const appends = () =>
    Array.from({ length: random.below(12) }, () => frameBytes(1, appendOf(random), { fin: random.below(25) > 0 }));
  const parts = Array.from({ length: 5 }, () => [
    ...appends(),
    ...(random.below(4) === 0 ? [randomWire(random, true)] : []),
  ]);
  const wire = Buffer.concat([...parts.flat(), closeBytes(4000, 'done')]);
  const isCut = random.below(2) === 0;
  if (!isCut) return [...parts.flat(), closeBytes(4000, 'done')];
  const pieces: Buffer[] = [];
  for (let at = 0; at < wire.length; at += pieces.at(-1)?.length ?? 0)
    pieces.push(wire.subarray(at, at + 1 + random.below(300)));
  return pieces;
}

/** An append, now and then one that is too large or in which a first byte differs. */
function appendOf(random: Random): Buffer {
  const audio = 'QUJD'.repeat(random.pick([0, 1, 20, 20, 100, random.below(12) === 0 ? 300 : 2]));
  const message = Buffer.from(JSON.stringify({ type: 'input_audio_buffer.append', audio }));
  if (random.below(15) === 0) message[random.below(36)] = 0x20 + random.below(90);
  return message;
}
