// Messages that begin alike pass as they came and are not looked at again: the same bytes, counts, turns, limits and closes as by the way of
// any other message. Each test runs both ways.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, type MockInstance, test, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { AlikeMessages } from '../../../codecs/websocket/alike-messages.ts';
import { Link } from '../../../server/session/link/link.ts';
import { heldBack } from '../../support/flow.ts';
import { openClient, startGateway, type TestGateway } from '../../support/gateway.ts';
import { closed, type Message, message } from '../../support/inbox.ts';
import { sampleOf } from '../../support/metrics.ts';
import { type FakeProvider, startProvider } from '../../support/provider.ts';
import { type Random, seededRandom } from '../../support/random.ts';
import { type FrameOptions, frameBytes, socketOf } from '../../support/raw-socket.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
const routes = {
  'openai-realtime': REALTIME,
  'openai-live': '/v1/live/sessions',
  'openai-translation': '/v1/realtime/translations?model=gpt-realtime-translate',
  'gemini-live': '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent',
  'deepgram-agent': '/v1/agent/converse',
};
const limits = { clientMaxPayloadBytes: 300_000, providerMaxPayloadBytes: 300_000, closeMs: 200 };
const keys = [
  { id: 'all', secret: 'secret-of-all' },
  { id: 'one', secret: 'secret-of-one', models: ['openai/gpt-realtime-2.1'] },
];
let provider: FakeProvider;
let gateway: TestGateway;

beforeAll(async () => {
  provider = await startProvider();
  gateway = await startGateway({ provider: provider.url, limits, keys });
});
afterAll(async () => {
  await gateway.close();
  await provider.close();
});
afterEach(() => vi.restoreAllMocks());

interface Ends {
  readonly client: WebSocket;
  readonly upstream: WebSocket;
}

async function open(route: string = REALTIME, key = 'all'): Promise<Ends> {
  const client = await openClient(gateway.url + route, { headers: { authorization: `Bearer secret-of-${key}` } });
  return { client, upstream: await provider.next() };
}

async function end({ client }: Ends) {
  client.close(1000);
  return gateway.nextEnd();
}

const append = (audio: string, more = {}) => JSON.stringify({ type: 'input_audio_buffer.append', audio, ...more });
const delta = (audio: string) => JSON.stringify({ type: 'response.output_audio.delta', event_id: 'e', delta: audio });
const event = (type: string, more = {}) => JSON.stringify({ type, ...more });

/** Sends one by one, so that each message is a read of its own. */
async function pass(source: WebSocket, target: WebSocket, payloads: readonly (string | Buffer)[]): Promise<void> {
  for (const payload of payloads) {
    source.send(payload);
    const { data, binary } = await message(target);
    expect(data.equals(Buffer.from(payload as string))).toBe(true);
    expect(binary).toBe(typeof payload !== 'string');
  }
}

describe.each([
  ['the short way', true],
  ['the way of any other message', false],
])('%s', (_, isShort) => {
  let repeat: MockInstance<Link['repeat']>;
  beforeEach(() => {
    repeat = vi.spyOn(Link.prototype, 'repeat');
    if (!isShort) vi.spyOn(AlikeMessages.prototype, 'areAll').mockReturnValue(false);
  });
  const shortReads = () => repeat.mock.results.filter(({ value }) => value > 0).length;
  const expectShort = (reads: number) => expect(shortReads()).toBe(isShort ? reads : 0);

  test.each(Object.entries(routes))('%s: random messages pass both ways, and all are counted', async (name, route) => {
    const ends = await open(route);
    const random = seededRandom(name.length);
    const [up, down] = [randomTalk(random, name, 'client'), randomTalk(random, name, 'provider')];
    await Promise.all([sendAll(ends.client, up), sendAll(ends.upstream, down)]);
    for (const [target, sent] of [
      [ends.upstream, up],
      [ends.client, down],
    ] as const)
      for (const [index, { data, binary }] of sent.entries()) {
        const got = await message(target);
        expect([index, got.binary, got.data.equals(data)]).toEqual([index, binary, true]);
      }
    const record = await end(ends);
    const bytes = (messages: readonly Message[]) => messages.reduce((sum, { data }) => sum + data.length, 0);
    expect(record.frames).toEqual({ upstream: up.length, downstream: down.length });
    expect(record.bytes).toEqual({ upstream: bytes(up), downstream: bytes(down) });
    expect(record.residenceUs.upstream.count).toBe(up.length);
    expect(record.residenceUs.downstream.count).toBe(down.length);
    expect(shortReads() > 20).toBe(isShort);
  });

  test.each([1, 5, 16, 17, 40])('%i repeats are counted exactly, at a scrape and at the close', async (count) => {
    const series = ['trunkline_frames_total', 'trunkline_bytes_total', 'trunkline_residence_seconds_count'];
    const scrape = () =>
      Promise.all(series.map((name) => sampleOf(gateway.gateway.metrics.registry, name, { direction: 'upstream' })));
    const ends = await open();
    const before = await scrape();
    const sent = append('QUJD'.repeat(100));
    await pass(
      ends.client,
      ends.upstream,
      Array.from({ length: count + 1 }, () => sent),
    );
    const after = await scrape();
    const expected = [count + 1, sent.length * (count + 1), count + 1];
    expect(after.map((value, index) => value - (before[index] ?? 0))).toEqual(expected);
    expectShort(count);
    expect(gateway.gateway.records().at(-1)?.frames.upstream).toBe(count + 1);
    const record = await end(ends);
    expect([record.frames.upstream, record.bytes.upstream, record.residenceUs.upstream.count]).toEqual(expected);
  });

  test('a message that differs in one of its first bytes is looked at, and so is what follows it', async () => {
    const ends = await open();
    await pass(ends.client, ends.upstream, [append('A'), append('B'), append('C')]);
    expectShort(2);
    await pass(ends.client, ends.upstream, [append('A').replace('append', 'appenD'), append('B'), append('C')]);
    expectShort(3);
    await end(ends);
  });

  test('every change of kind marks a turn, and repeats mark none', async () => {
    const ends = await open();
    for (let turn = 0; turn < 3; turn += 1) {
      await pass(ends.upstream, ends.client, [event('input_audio_buffer.speech_started')]);
      await pass(ends.client, ends.upstream, [append('A'), append('B'), append('C')]);
      await pass(ends.upstream, ends.client, [event('input_audio_buffer.speech_stopped')]);
      await pass(ends.client, ends.upstream, [append('D')]);
      await pass(ends.upstream, ends.client, [delta('A'), delta('B'), delta('C')]);
      await pass(ends.upstream, ends.client, [event('response.done', { response: { status: 'completed' } })]);
    }
    const { turns } = await end(ends);
    expect(turns).toEqual([1, 2, 3].map(() => ({ speechToAudioMs: expect.any(Number) })));
    expect(shortReads() > 0).toBe(isShort);
  });

  test('audio of a reply that begins while audio of the one before is repeated is the first of its turn', async () => {
    const ends = await open();
    await pass(ends.upstream, ends.client, [delta('A'), delta('B'), event('response.done')]);
    await pass(ends.client, ends.upstream, [event('response.create')]);
    await pass(ends.upstream, ends.client, [delta('C'), delta('D'), delta('E')]);
    expectShort(3);
    expect((await end(ends)).turns).toEqual([{ requestToAudioMs: expect.any(Number) }]);
  });

  test('usage behind the sound of a message that begins alike is read', async () => {
    const ends = await open(routes['gemini-live']);
    const sound = (data: string, more = {}) => {
      const modelTurn = { parts: [{ inlineData: { mimeType: 'audio/pcm;rate=24000', data } }] };
      return Buffer.from(JSON.stringify({ serverContent: { modelTurn }, ...more }));
    };
    const usageMetadata = { promptTokenCount: 3, responseTokenCount: 4, totalTokenCount: 7 };
    await pass(ends.upstream, ends.client, [
      sound('AAAA'),
      sound('BBBB'),
      sound('CCCC', { usageMetadata }),
      sound('DD'),
    ]);
    expectShort(1);
    expect((await end(ends)).usage).toMatchObject({ totalTokens: 7 });
  });

  const opening = append('A').slice(0, -2);
  const typed = opening.padEnd(400, 'A');
  test.each<[string, (options: FrameOptions) => Buffer, number]>([
    ['one byte too many', (o) => frameBytes(1, `${opening.padEnd(299_999, 'A')}"}`, o), 1009],
    ['a claim of 2^40 bytes', (o) => frameBytes(1, opening, { ...o, claimed: 2 ** 40 }), 1009],
    ['reserved bits', (o) => frameBytes(1, `${typed}"}`, { ...o, rsv: 4 }), 1002],
    ['a reserved opcode', (o) => frameBytes(3, `${typed}"}`, o), 1002],
    ['the wrong masking', (o) => frameBytes(1, `${typed}"}`, { ...o, masked: !o.masked }), 1002],
    ['a continuation of nothing', (o) => frameBytes(0, `${typed}"}`, o), 1002],
    ['a ping that is too long', (o) => frameBytes(9, `${typed}"}`, o), 1002],
    ['invalid text in a fragment', (o) => frameBytes(1, Buffer.from([0x7b, 0xff]), { ...o, fin: false }), 1007],
  ])('%s behind messages that begin alike ends the session as ever', async (_name, faulty, code) => {
    const ends = await open();
    await pass(ends.client, ends.upstream, [append('A'), append('B')]);
    socketOf(ends.client).write(faulty({ masked: true }));
    expect(await closed(ends.client)).toMatchObject({ code });
    await gateway.nextEnd();
    const others = await open();
    await pass(others.upstream, others.client, [delta('A'), delta('B')]);
    socketOf(others.upstream).write(faulty({ masked: false }));
    expect(await gateway.nextEnd()).toMatchObject({ reason: 'provider-broke-protocol' });
  });

  test('messages that are cut anywhere pass whole', async () => {
    const ends = await open();
    const random = seededRandom(6);
    const sent = Array.from({ length: 60 }, (_each, index) => append('QUJD'.repeat(index)));
    const wire = Buffer.concat(sent.map((text) => frameBytes(1, text)));
    for (let at = 0; at < wire.length; ) {
      const to = at + 1 + random.below(600);
      socketOf(ends.client).write(wire.subarray(at, to));
      at = to;
      // The gateway reads this piece by itself.
      await new Promise(setImmediate);
    }
    for (const text of sent) expect((await message(ends.upstream)).data.toString()).toBe(text);
    expect((await end(ends)).frames.upstream).toBe(60);
  });

  test('a slow reader gets all of them, in order', async () => {
    const ends = await open();
    const count = 300;
    ends.client.pause();
    for (let index = 0; index < count; index += 1) ends.upstream.send(delta(`${index} `.padEnd(64 * 1024, 'x')));
    await heldBack(ends.upstream);
    ends.client.resume();
    for (let index = 0; index < count; index += 1)
      expect((await message(ends.client)).data.toString('latin1', 60, 90)).toContain(`"${index} x`);
    const record = await end(ends);
    expect([record.frames.downstream, record.residenceUs.downstream.count]).toEqual([count, count]);
  });

  test('a key with a model list is held to it in each message, however that begins', async () => {
    const ends = await open(REALTIME, 'one');
    await pass(ends.client, ends.upstream, [append('A'), append('B'), append('C')]);
    expectShort(0);
    await pass(ends.upstream, ends.client, [delta('A'), delta('B')]);
    expectShort(1);
    ends.client.send(append('D', { session: { model: 'forbidden-9' } }));
    expect(await gateway.nextEnd()).toMatchObject({ reason: 'frame-refused', frames: { upstream: 3 } });
  });
});

describe('text that is not UTF-8', () => {
  const broken = (text: string) => Buffer.concat([Buffer.from(text.slice(0, -2)), Buffer.from([0xff, 0x22, 0x7d])]);

  test('is refused by the gateway in a message that is looked at', async () => {
    const ends = await open();
    socketOf(ends.client).write(frameBytes(1, broken(append('A'))));
    expect(await closed(ends.client)).toMatchObject({ code: 1007 });
    await gateway.nextEnd();
  });

  test('is refused by the end that reads it in one that repeats another, and the other end is told so', async () => {
    const ends = await open();
    await pass(ends.client, ends.upstream, [append('A')]);
    socketOf(ends.client).write(frameBytes(1, broken(append('A'))));
    expect(await closed(ends.client)).toMatchObject({ code: 1007 });
    expect(await gateway.nextEnd()).toMatchObject({ reason: 'provider-closed', closeCode: 1007 });
    const others = await open();
    await pass(others.upstream, others.client, [delta('A'), delta('B')]);
    socketOf(others.upstream).write(frameBytes(1, broken(delta('A')), { masked: false }));
    expect(await closed(others.upstream)).toMatchObject({ code: 1007 });
    expect(await gateway.nextEnd()).toMatchObject({ reason: 'client-closed', closeCode: 1007 });
  });
});

/** A few in each turn of the loop. */
async function sendAll(ws: WebSocket, messages: readonly Message[]): Promise<void> {
  for (const [index, { data, binary }] of messages.entries()) {
    ws.send(data, { binary });
    if (index % 3 === 0) await new Promise(setImmediate);
  }
}

/** Sound as the dialect has it, with something else now and then. */
function randomTalk(random: Random, dialect: string, from: 'client' | 'provider'): Message[] {
  return Array.from({ length: 40 }, () => {
    const sounds = Array.from({ length: random.below(40) }, () => {
      const audio = random.bytes(random.pick([0, 3, 30, 700, 2100])).toString('base64');
      return soundOf(dialect, from, audio);
    });
    const text = random.pick([event('x'), event('x', { audio: 'QUJD' }), 'no event', '', '{"audio":"QUJD"}']);
    return [...sounds, { data: Buffer.from(text), binary: random.below(2) === 0 }];
  }).flat();
}

function soundOf(dialect: string, from: 'client' | 'provider', audio: string): Message {
  const isUp = from === 'client';
  if (dialect === 'deepgram-agent') return { data: Buffer.from(audio, 'base64'), binary: true };
  if (dialect === 'gemini-live') {
    const blob = { data: audio, mimeType: 'audio/pcm' };
    const up = { realtimeInput: { audio: blob } };
    const down = { serverContent: { modelTurn: { parts: [{ inlineData: { mimeType: 'audio/pcm', data: audio } }] } } };
    return { data: Buffer.from(JSON.stringify(isUp ? up : down)), binary: !isUp };
  }
  const place = dialect === 'openai-realtime' ? 'input_audio_buffer.append' : 'session.input_audio.append';
  const piece = dialect === 'openai-realtime' ? 'response.output_audio.delta' : 'session.output_audio.delta';
  return { data: Buffer.from(isUp ? event(place, { audio }) : event(piece, { delta: audio })), binary: false };
}
