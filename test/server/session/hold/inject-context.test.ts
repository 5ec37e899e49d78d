// The place of the context between the messages of a session, however these arrive.

import { afterEach, describe, expect, test } from 'vitest';
import { findEndpoint } from '../../../../adapters/realtime/index.ts';
import { FrameReader } from '../../../../codecs/websocket/frame-reader.ts';
import type { Limits } from '../../../../server/config/config.ts';
import { limitsSchema } from '../../../../server/config/schema.ts';
import { injectContext } from '../../../../server/session/hold/inject-context.ts';
import type { ReadFrames } from '../../../../server/session/link/source-reader.ts';
import { messagesOf } from '../../../support/client-messages.ts';
import { openContinuedSession } from '../../../support/continued-session.ts';
import { openReadPeer } from '../../../support/peer.ts';
import { closeBytes, closeOf, frameBytes } from '../../../support/raw-socket.ts';
import { destroySocketPairs } from '../../../support/socket-pair.ts';
import { until } from '../../../support/until.ts';

const REALTIME = '/v1/realtime';
const GEMINI = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent';
/** No test waits for the end of the one, or comes near the other. */
const limits = limitsSchema.parse({ dialMs: 600_000, pauseBytes: 64 * 1024 });
afterEach(destroySocketPairs);

const readerOf = ({ isMasked }: { readonly isMasked: boolean }) =>
  new FrameReader({ isMasked, maxPayloadBytes: 1024, maxFragments: 9, maxBufferedChunks: 999 });

/** Makes both ends of a session, whose receivers write down what passes; what is written to the provider comes out of `next`. */
async function open(path: string, text: string | undefined) {
  const [client, provider] = [await openReadPeer('client'), await openReadPeer('provider')];
  const passed: string[] = [];
  let isOpen = true;
  const readers = { up: readerOf({ isMasked: true }), down: readerOf({ isMasked: false }) };
  const read = (direction: 'up' | 'down', chunk: Buffer, frames: number) => {
    const batch = readers[direction].read(chunk, 0, frames);
    const bytes = chunk.subarray(0, chunk.length - (batch.rest?.length ?? 0));
    passed.push(`${direction} ${bytes.toString('hex')}`);
    if (direction === 'up') provider.peer.pass(bytes);
    return batch;
  };
  const plain = {
    fromClient: (chunk: Buffer, _at: number, frames: number) => read('up', chunk, frames),
    fromProvider: (chunk: Buffer, _at: number, frames: number) => read('down', chunk, frames),
    afterHeld: () => false,
  };
  const readAll = (by: ReadFrames) => (chunk: Buffer) => {
    let rest: Buffer | undefined = chunk;
    while (rest !== undefined) ({ rest } = by(rest, 0, Number.POSITIVE_INFINITY));
  };
  const route = findEndpoint(path)?.endpoint;
  if (route === undefined) throw new Error(`no route ${path}`);
  const context =
    text === undefined ? undefined : ({ continues: 'a', from: 'turns', text, dataClass: 'open' } as const);
  const receivers = injectContext(plain, {
    subject: { dialect: route.dialect, context },
    client: client.peer,
    provider: provider.peer,
    limits,
    messages: messagesOf(client.peer),
    isOpen: () => isOpen,
    readAgain: (chunks) => chunks.forEach(readAll(receivers.fromClient)),
    onUnanswered: () => void passed.push('unanswered'),
    onClientEnd: ({ name }) => void passed.push(name),
    onRejected: ({ code }) => void passed.push(code),
    onFault: (error) => void passed.push(String(error)),
  });
  return {
    plain,
    receivers,
    fromClient: readAll(receivers.fromClient),
    fromProvider: readAll(receivers.fromProvider),
    passed,
    client: client.peer,
    next: async () => (await provider.raw.frame()).payload.toString(),
    end: () => {
      isOpen = false;
    },
  };
}

const hex = (direction: string, bytes: Buffer) => `${direction} ${bytes.toString('hex')}`;
const down = (text: string) => frameBytes(1, text, { masked: false });

test.each([REALTIME, GEMINI])('%s: a session without a context has the very same receivers', async (path) => {
  const without = await open(path, undefined);
  expect(without.receivers).toBe(without.plain);
  const empty = await open(path, '');
  expect(empty.receivers).toBe(empty.plain);
});

test('OpenAI Realtime: the context is the first message of all, and the receivers are those of every other session', async () => {
  const { receivers, plain, next } = await open(REALTIME, 'what was said');
  expect(receivers).toBe(plain);
  expect(JSON.parse(await next())).toEqual({
    event_id: 'trunkline-context',
    type: 'conversation.item.create',
    item: { type: 'message', role: 'system', content: [{ type: 'input_text', text: 'what was said' }] },
  });
});

describe('Gemini Live', () => {
  const event = JSON.stringify({
    clientContent: { turns: [{ role: 'user', parts: [{ text: 'what was said' }] }], turnComplete: false },
  });
  const setup = frameBytes(1, '{"setup":{}}');
  const more = frameBytes(1, '{"realtimeInput":{}}');
  const complete = down('{"setupComplete":{}}');

  test.each([1, 3, 9, 10_000])(
    'the context comes behind the answer to the setup, in reads of %i bytes',
    async (size) => {
      const { fromClient, fromProvider, passed, next } = await open(GEMINI, 'what was said');
      const inPieces = (bytes: Buffer, to: (chunk: Buffer) => void) => {
        for (let at = 0; at < bytes.length; at += size) to(bytes.subarray(at, at + size));
      };
      inPieces(Buffer.concat([setup, more]), fromClient);
      expect(await next()).toBe('{"setup":{}}');
      expect(passed.map((one) => one.slice(3)).join('')).toBe(setup.toString('hex'));
      // A ping is no answer.
      fromProvider(frameBytes(9, '', { masked: false }));
      expect(passed).toHaveLength(Math.ceil(setup.length / size) + 1);
      inPieces(complete, fromProvider);
      expect([await next(), await next()]).toEqual([event, '{"realtimeInput":{}}']);
      fromClient(more);
      expect(await next()).toBe('{"realtimeInput":{}}');
    },
  );

  test('the context goes out before the client hears that the setup is complete', async () => {
    const { fromClient, fromProvider, passed, next } = await open(GEMINI, 'what was said');
    fromClient(setup);
    fromProvider(complete);
    fromClient(more);
    expect([await next(), await next(), await next()]).toEqual(['{"setup":{}}', event, '{"realtimeInput":{}}']);
    expect(passed).toEqual([hex('up', setup), hex('down', complete), hex('up', more)]);
  });

  test('a provider that speaks first has to be asked nevertheless', async () => {
    const { fromClient, fromProvider, next } = await open(GEMINI, 'what was said');
    fromProvider(down('hello'));
    fromClient(Buffer.concat([setup, more]));
    fromProvider(complete);
    expect([await next(), await next(), await next()]).toEqual(['{"setup":{}}', event, '{"realtimeInput":{}}']);
  });

  test('a session that ends first holds nothing back, and tells nothing', async () => {
    const { fromClient, fromProvider, passed, end } = await open(GEMINI, 'what was said');
    fromClient(Buffer.concat([setup, more]));
    end();
    const close = closeBytes(1007, 'a wrong setup', { masked: false });
    fromProvider(close);
    fromClient(closeBytes(1000));
    expect(passed).toEqual([hex('up', setup), hex('down', close), hex('up', more), hex('up', closeBytes(1000))]);
  });
});

describe('a client of Gemini Live that is held', () => {
  const PING = 9;
  const PONG = 10;
  const setup = frameBytes(1, '{"setup":{}}');
  const more = frameBytes(1, '{"realtimeInput":{}}');

  /** A session whose setup has reached the provider, and is not answered. */
  async function openHeld(given: Partial<Limits> = {}) {
    const dialect = findEndpoint(GEMINI)?.endpoint.dialect;
    if (dialect === undefined) throw new Error('no Gemini');
    const opened = await openContinuedSession({ dialect, limits: given });
    opened.client.send(setup);
    expect((await opened.upstream.frame()).payload.toString()).toBe('{"setup":{}}');
    return opened;
  }

  test('a held client that closes ends the session at once, and its earlier messages go on', async () => {
    const { client, upstream, ended } = await openHeld({ closeMs: 600_000 });
    client.send(Buffer.concat([more, closeBytes(4001, 'bye')]));
    expect((await upstream.frame()).payload.toString()).toBe('{"realtimeInput":{}}');
    expect(closeOf(await upstream.frame())).toEqual({ code: 4001, reason: 'bye' });
    expect(closeOf(await client.frame())).toEqual({ code: 4001, reason: 'bye' });
    upstream.socket.destroy();
    client.socket.end();
    expect(await ended).toMatchObject({ reason: 'client-closed', closeCode: 4001, mayRetry: false });
  });

  test('a held client that leaves without a close ends the session at once, too', async () => {
    const { client, upstream, ended } = await openHeld();
    client.send(more);
    client.socket.end();
    expect(closeOf(await upstream.frame())).toEqual({ code: 1011, reason: '' });
    upstream.socket.destroy();
    expect(await ended).toMatchObject({ reason: 'client-lost', closeCode: 1006 });
  });

  test('a held client that answers pings lives, however long the provider takes', async () => {
    const { session, client, upstream, ended } = await openHeld({ pingMs: 300 });
    for (let pings = 0; pings < 6; pings++) {
      expect((await client.frame()).opcode).toBe(PING);
      client.send(frameBytes(PONG));
    }
    expect(session.record()).toMatchObject({ state: 'open' });
    client.socket.destroy();
    upstream.socket.destroy();
    await ended;
  });

  test('a held client that sends more than pauseBytes is read no further, and is not taken for silent', async () => {
    const { session, socket, client, upstream, ended, hasLasted } = await openHeld({ pingMs: 200 });
    const sound = frameBytes(2, Buffer.alloc(4096));
    for (let index = 0; index < 40; index++) client.send(sound);
    await until(() => socket.isPaused());
    // Many times the silence that would end it.
    await hasLasted(session.record().durationMs + 1500);
    expect(session.record()).toMatchObject({ state: 'open' });
    upstream.send(down('{"setupComplete":{}}'));
    const kinds = new Map<number, number>();
    while (kinds.get(2) !== 40) {
      const { opcode } = await upstream.frame();
      kinds.set(opcode, (kinds.get(opcode) ?? 0) + 1);
    }
    expect(kinds.get(1)).toBe(1);
    expect(socket.isPaused()).toBe(false);
    client.socket.destroy();
    upstream.socket.destroy();
    await ended;
  });

  const provided = { reason: 'provider-silent', closeCode: 1011, mayRetry: true };

  test('a held client is told after dialMs when the provider answers pings and nothing else', async () => {
    const { client, upstream, ended } = await openHeld({ dialMs: 1500, pingMs: 500 });
    const answers = setInterval(() => upstream.send(frameBytes(PONG, '', { masked: false })), 20);
    let frame = await client.frame();
    while (frame.opcode === PING) {
      client.send(frameBytes(PONG));
      frame = await client.frame();
    }
    clearInterval(answers);
    expect(closeOf(frame)).toEqual({ code: 1011, reason: 'the provider did not answer the first message' });
    client.socket.end();
    expect(await ended).toMatchObject(provided);
  });

  test('a held client that is gone while it is not read is found to be so after dialMs', async () => {
    const { socket, client, ended } = await openHeld({ dialMs: 1500 });
    client.send(frameBytes(2, Buffer.alloc(80 * 1024)));
    await until(() => socket.isPaused());
    client.socket.destroy();
    expect(await ended).toMatchObject(provided);
  });

  test('a held client whose setup was answered is held no longer', async () => {
    const { session, client, upstream, ended, hasLasted } = await openHeld({ dialMs: 200 });
    upstream.send(down('{"setupComplete":{}}'));
    expect((await client.frame()).payload.toString()).toBe('{"setupComplete":{}}');
    await hasLasted(500);
    expect(session.record()).toMatchObject({ state: 'open' });
    client.socket.destroy();
    upstream.socket.destroy();
    await ended;
  });
});
