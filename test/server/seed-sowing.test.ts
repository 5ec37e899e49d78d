// Where the seed goes between the messages of a session, however these arrive.

import { afterEach, describe, expect, test } from 'vitest';
import { findRoute } from '../../adapters/index.ts';
import { type Passage, sow } from '../../server/seed-sowing.ts';
import { openReadPeer } from '../support/peer.ts';
import { closeBytes, frameBytes } from '../support/raw-socket.ts';
import { destroySocketPairs } from '../support/socket-pair.ts';

const REALTIME = '/v1/realtime';
const GEMINI = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent';
afterEach(destroySocketPairs);

/** Both ends of a session, whose passage writes down what passes; what is written to the provider comes out of `raw`. */
async function open(path: string, text: string | undefined) {
  const [client, provider] = [await openReadPeer('client'), await openReadPeer('provider')];
  const passed: string[] = [];
  let isOpen = true;
  const plain: Passage = {
    fromClient(chunk) {
      passed.push(`up ${chunk.toString('hex')}`);
      provider.peer.pass(chunk);
    },
    fromProvider: (chunk) => void passed.push(`down ${chunk.toString('hex')}`),
  };
  const route = findRoute(path)?.route;
  if (route === undefined) throw new Error(`no route ${path}`);
  const seed = text === undefined ? undefined : ({ session: 'a', from: 'turns', text, dataClass: 'open' } as const);
  const passage = sow(plain, {
    admitted: { route, seed },
    client: client.peer,
    provider: provider.peer,
    isOpen: () => isOpen,
  });
  return {
    plain,
    passage,
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

test.each([REALTIME, GEMINI])('%s: a session without a seed has the very same passage', async (path) => {
  const without = await open(path, undefined);
  expect(without.passage).toBe(without.plain);
  const empty = await open(path, '');
  expect(empty.passage).toBe(empty.plain);
});

test('OpenAI Realtime: it is the first message of all, and then the passage is that of every other session', async () => {
  const { passage, plain, next } = await open(REALTIME, 'what was said');
  expect(passage).toBe(plain);
  expect(JSON.parse(await next())).toEqual({
    event_id: 'trunkline-seed',
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

  test.each([1, 3, 9, 10_000])('it comes behind the answer to the setup, in reads of %i bytes', async (size) => {
    const { passage, passed, client, next } = await open(GEMINI, 'what was said');
    const inPieces = (bytes: Buffer, to: (chunk: Buffer) => void) => {
      for (let at = 0; at < bytes.length; at += size) to(bytes.subarray(at, at + size));
    };
    inPieces(Buffer.concat([setup, more]), passage.fromClient);
    expect(await next()).toBe('{"setup":{}}');
    expect(passed.map((one) => one.slice(3)).join('')).toBe(setup.toString('hex'));
    expect(client.socket.isPaused()).toBe(true);
    // A ping is no answer.
    passage.fromProvider(frameBytes(9, '', { masked: false }));
    expect(client.socket.isPaused()).toBe(true);
    inPieces(complete, passage.fromProvider);
    expect([await next(), await next()]).toEqual([event, '{"realtimeInput":{}}']);
    expect(client.socket.isPaused()).toBe(false);
    passage.fromClient(more);
    expect(await next()).toBe('{"realtimeInput":{}}');
  });

  test('it goes out before the client hears that the setup is complete', async () => {
    const { passage, passed, next } = await open(GEMINI, 'what was said');
    passage.fromClient(setup);
    passage.fromProvider(complete);
    passage.fromClient(more);
    expect([await next(), await next(), await next()]).toEqual(['{"setup":{}}', event, '{"realtimeInput":{}}']);
    expect(passed).toEqual([hex('up', setup), hex('down', complete), hex('up', more)]);
  });

  test('a provider that speaks first has to be asked nevertheless', async () => {
    const { passage, next } = await open(GEMINI, 'what was said');
    passage.fromProvider(down('hello'));
    passage.fromClient(Buffer.concat([setup, more]));
    passage.fromProvider(complete);
    expect([await next(), await next(), await next()]).toEqual(['{"setup":{}}', event, '{"realtimeInput":{}}']);
  });

  test('a session that ends first holds nothing back, and tells nothing', async () => {
    const { passage, passed, end } = await open(GEMINI, 'what was said');
    passage.fromClient(Buffer.concat([setup, more]));
    end();
    const close = closeBytes(1007, 'a wrong setup', { masked: false });
    passage.fromProvider(close);
    passage.fromClient(closeBytes(1000));
    expect(passed).toEqual([hex('up', setup), hex('down', close), hex('up', more), hex('up', closeBytes(1000))]);
  });
});
