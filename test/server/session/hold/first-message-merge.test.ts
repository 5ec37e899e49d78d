// A client's first message with the context in it: what reaches the provider, and what becomes of a message that takes none.

import { afterEach, describe, expect, test } from 'vitest';
import type { Dialect } from '../../../../adapters/realtime/contract/dialect.ts';
import { readObject } from '../../../../codecs/json/object.ts';
import { jsonFrame } from '../../../../codecs/websocket/frame.ts';
import { type ContinuedSessionOptions, openContinuedSession } from '../../../support/continued-session.ts';
import { closeBytes, closeOf, frameBytes } from '../../../support/raw-socket.ts';
import { destroySocketPairs } from '../../../support/socket-pair.ts';

afterEach(destroySocketPairs);

const [TEXT, BINARY, PING, PONG] = [1, 2, 9, 10];

/** Its first message takes the context, unless it says `"takes": false`, and goes out with the opcode that it came with. */
const dialect: Dialect = {
  name: 'some',
  capabilities: { audio: 'binary', turnEnd: 'event', interruption: 'event', usage: 'per-turn', speaksFirst: 'client' },
  mostTokens: { input: 1000, output: 100 },
  modelsIn: ({ data }) => {
    const model = readObject(data)?.model;
    return typeof model === 'string' ? [model] : undefined;
  },
  observe: ({ data }) => ({ type: String(readObject(data)?.type) }),
  errorEvent: ({ code }) => ({ data: Buffer.from(code), binary: true }),
  context: {
    kind: 'in-first-message',
    merge({ data, binary }, context) {
      const first = readObject(data);
      if (first === undefined || first.takes === false)
        return { code: 'context_not_taken', message: 'no place for it' };
      return { ...jsonFrame({ ...first, context }), binary };
    },
  },
};

const open = (given: Omit<ContinuedSessionOptions, 'dialect'> = {}) => openContinuedSession({ dialect, ...given });

const settings = '{"type":"settings","model":"m"}';
const merged = '{"type":"settings","model":"m","context":"what was said"}';
const later = frameBytes(BINARY, Buffer.from([0, 255, 7, 9]));

describe('the first message of a client', () => {
  test.each([1, 5, 10_000])(
    'goes on with the context, and all bytes behind it as they are, in reads of %i bytes',
    async (size) => {
      const { client, upstream, ended } = await open();
      const behind = Buffer.concat([later, later]);
      const bytes = Buffer.concat([frameBytes(TEXT, settings), behind, closeBytes(1000)]);
      for (let at = 0; at < bytes.length; at += size) client.send(bytes.subarray(at, at + size));
      expect(await upstream.frame()).toEqual({ opcode: TEXT, fin: true, payload: Buffer.from(merged) });
      expect((await upstream.rest()).subarray(0, behind.length)).toEqual(behind);
      client.socket.end();
      expect(await ended).toMatchObject({ frames: { upstream: 3 } });
    },
  );

  test('ends the session when it makes no progress, before it is merged and behind that for a key with a list of models', async () => {
    const half = (text: string) => frameBytes(TEXT, text).subarray(0, 12);
    for (const bytes of [half(settings), Buffer.concat([frameBytes(TEXT, settings), half(settings)])]) {
      const { client } = await open({ limits: { messageMs: 200 }, mayUse: () => true });
      client.send(bytes);
      expect(closeOf(await client.frame())).toEqual({ code: 4408, reason: 'a message made no progress' });
    }
  });

  test('goes on in one frame and with its opcode where it came in several', async () => {
    const { client, upstream } = await open();
    const [head, rest] = [settings.slice(0, 9), settings.slice(9)];
    client.send(
      Buffer.concat([frameBytes(BINARY, head, { fin: false }), frameBytes(PING, 'between'), frameBytes(0, rest)]),
    );
    expect(await upstream.frame()).toMatchObject({ opcode: BINARY, fin: true, payload: Buffer.from(merged) });
    expect(await client.frame()).toMatchObject({ opcode: PONG, payload: Buffer.from('between') });
  });

  test('is waited for while the provider speaks and pings are answered', async () => {
    const { client, upstream } = await open();
    upstream.send(frameBytes(TEXT, 'welcome', { masked: false }));
    expect((await client.frame()).payload.toString()).toBe('welcome');
    client.send(frameBytes(PING, 'still here'));
    expect((await client.frame()).payload.toString()).toBe('still here');
    client.send(frameBytes(TEXT, settings));
    expect((await upstream.frame()).payload.toString()).toBe(merged);
  });

  test('is judged by the models that it names, like every other', async () => {
    const { client, upstream, ended } = await open({ mayUse: (model) => model !== 'm' });
    client.send(frameBytes(TEXT, settings));
    expect(await client.frame()).toMatchObject({ opcode: BINARY, payload: Buffer.from('model_not_allowed') });
    expect(closeOf(await client.frame()).code).toBe(1008);
    expect(closeOf(await upstream.frame()).code).toBe(1001);
    expect(await ended).toMatchObject({ reason: 'frame-refused', frames: { upstream: 0 } });
  });
});

describe('a first message that takes no context', () => {
  test.each(['{"takes":false}', 'no JSON'])(
    'ends the session with the error event of the dialect: %s',
    async (text) => {
      const { client, upstream, ended } = await open();
      client.send(Buffer.concat([frameBytes(TEXT, text), later]));
      expect(await client.frame()).toMatchObject({ opcode: BINARY, payload: Buffer.from('context_not_taken') });
      expect(closeOf(await client.frame())).toEqual({ code: 1008, reason: 'no place for it' });
      expect(closeOf(await upstream.frame()).code).toBe(1001);
      expect(await ended).toMatchObject({ reason: 'frame-refused', closeCode: 1008, frames: { upstream: 0 } });
    },
  );
});

test('a first message that the context would make longer than messages may be is rejected, and nothing of it passes', async () => {
  const { client, upstream, ended } = await open({ limits: { clientMaxPayloadBytes: 1024 } });
  client.send(frameBytes(TEXT, JSON.stringify({ type: 'settings', filler: 'x'.repeat(980) })));
  expect(await client.frame()).toMatchObject({ opcode: BINARY, payload: Buffer.from('context_not_taken') });
  expect(closeOf(await client.frame()).code).toBe(1008);
  expect(closeOf(await upstream.frame()).code).toBe(1001);
  expect(await ended).toMatchObject({ reason: 'frame-refused', frames: { upstream: 0 } });
});

test('a merge that fails ends its session as a fault of the gateway, and nothing of the message passes', async () => {
  const context: Dialect['context'] = {
    kind: 'in-first-message',
    merge: () => {
      throw new Error('a fault of ours');
    },
  };
  const { client, upstream, ended } = await openContinuedSession({ dialect: { ...dialect, context } });
  client.send(Buffer.concat([frameBytes(TEXT, settings), later]));
  expect(closeOf(await client.frame()).code).toBe(1011);
  expect(closeOf(await upstream.frame()).code).toBe(1011);
  expect(await ended).toMatchObject({ reason: 'gateway-fault', frames: { upstream: 0 } });
});

describe('a client that never completes its first message', () => {
  const beginning = frameBytes(TEXT, settings.slice(0, 9), { fin: false });

  test('may close, and the provider gets its code', async () => {
    const { client, upstream, ended } = await open();
    client.send(Buffer.concat([beginning, closeBytes(4001, 'bye')]));
    expect(closeOf(await upstream.frame())).toEqual({ code: 4001, reason: 'bye' });
    expect(closeOf(await client.frame())).toEqual({ code: 4001, reason: 'bye' });
    expect(await ended).toMatchObject({ reason: 'client-closed', closeCode: 4001 });
  });

  test.each([
    ['breaks the protocol', frameBytes(TEXT, settings, { masked: false }), 1002],
    ['sends no UTF-8', frameBytes(TEXT, Buffer.from([0xff])), 1007],
    ['sends more than clientMaxPayloadBytes', frameBytes(TEXT, 'x'.repeat(2000)), 1009],
    [
      'sends more than maxFragments',
      Buffer.concat([beginning, ...Array(9).fill(frameBytes(0, '', { fin: false }))]),
      1008,
    ],
  ])('and %s is told so', async (_what, bytes, code) => {
    const { client, ended } = await open({ limits: { clientMaxPayloadBytes: 1000, maxFragments: 8 } });
    client.send(bytes);
    expect(closeOf(await client.frame()).code).toBe(code);
    expect(await ended).toMatchObject({ reason: 'client-broke-protocol', frames: { upstream: 0 } });
  });

  test('and whose session has ended answers the close, and nothing more passes', async () => {
    const { client, upstream, ended } = await open();
    client.send(beginning);
    upstream.send(closeBytes(1011, 'over', { masked: false }));
    expect(closeOf(await client.frame())).toEqual({ code: 1011, reason: 'over' });
    client.send(Buffer.concat([frameBytes(0, settings.slice(9)), closeBytes(1011)]));
    expect(closeOf(await upstream.frame())).toEqual({ code: 1011, reason: 'over' });
    expect(await ended).toMatchObject({ reason: 'provider-closed', frames: { upstream: 0 } });
  });
});
