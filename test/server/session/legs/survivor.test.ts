// Sessions that survive the socket of their provider, over real sockets: what the next one is told, and what the client sees.

import { afterEach, describe, expect, test } from 'vitest';
import { realtimeResumption } from '../../../../adapters/realtime/openai/resumption/realtime.ts';
import { closed } from '../../../support/inbox.ts';
import { applied, down, openPinned, REALTIME, updated } from '../../../support/pinned-session.ts';
import { closeBytes, closeOf, frameBytes, socketOf, watchSocket } from '../../../support/raw-socket.ts';
import type { ProviderLeg } from '../../../support/realtime-provider.ts';
import { destroySocketPairs, openSocketPair } from '../../../support/socket-pair.ts';
import { endCalls, onEnd, survivingCall } from '../../../support/surviving-call.ts';
import { until } from '../../../support/until.ts';

afterEach(endCalls);

const say = (text: string, id?: string) => ({
  type: 'conversation.item.create',
  item: { type: 'message', role: 'user', ...(id && { id }), content: [{ type: 'input_text', text }] },
});

const typesTold = ({ told }: ProviderLeg) => told.map(({ type }) => type);

describe('a session of Realtime', () => {
  test('goes on when its provider closes: settings and items are told again, and the client sees nothing of it', async () => {
    const { send, leg, types, events, closes } = await survivingCall();
    const first = await leg(1);
    send({
      type: 'session.update',
      session: { type: 'realtime', instructions: 'Be kind.', audio: { output: { voice: 'marin' } } },
    });
    send({ type: 'session.update', session: { type: 'realtime', audio: { input: { turn_detection: null } } } });
    send(say('Hello.', 'item_mine'));
    send({ type: 'response.create' });
    await until(() => types().includes('response.done'));
    const seen = types().length;
    first.ws.close(1011, 'gone');
    const second = await leg(2);
    send(say('Still there?'));
    send({ type: 'response.create' });
    await until(() => types().filter((type) => type === 'response.done').length === 2);
    expect(second.session).toMatchObject({
      instructions: 'Be kind.',
      audio: { output: { voice: 'marin' }, input: { turn_detection: null } },
    });
    const items = [...second.items.values()].map(({ id, role, content }) => ({ id, role, content }));
    const reply = [...first.items.keys()][1];
    expect(items.slice(0, 3)).toEqual([
      { id: 'item_mine', role: 'user', content: [{ type: 'input_text', text: 'Hello.' }] },
      { id: reply, role: 'assistant', content: [{ type: 'output_text', text: 'Yes.' }] },
      { id: expect.any(String), role: 'user', content: [{ type: 'input_text', text: 'Still there?' }] },
    ]);
    expect(types().slice(seen)).toEqual([
      ...['conversation.item.added', 'conversation.item.done', 'response.created', 'response.output_item.added'],
      ...['conversation.item.added', 'response.output_audio_transcript.delta', 'response.output_audio.delta'],
      ...[
        'response.output_audio_transcript.done',
        'response.output_item.done',
        'conversation.item.done',
        'response.done',
      ],
    ]);
    expect(types().filter((type) => type === 'session.created')).toHaveLength(1);
    expect(JSON.stringify(events)).not.toContain('sess_2');
    expect(closes).toEqual([]);
  });

  test('goes on ahead of the end that its provider has set, between turns, while the first socket still speaks', async () => {
    let isReplying = true;
    const { send, leg, types, events, closes, gateway } = await survivingCall({
      expiresIn: (number) => (number === 1 ? 2 : 3600),
      onRequest: (of) => of.reply(['Wait', ' for', ' it.'], isReplying),
    });
    const first = await leg(1);
    send({ type: 'response.create' });
    await until(() => types().includes('response.created'));
    // The next socket is open, and waits for the end of the turn.
    const second = await leg(2);
    expect(second.told).toEqual([]);
    isReplying = false;
    first.send({ type: 'response.done', response: { id: 'r', status: 'completed' } });
    await until(() => first.ws.readyState === first.ws.CLOSED);
    send(say('Next.'));
    await until(() => typesTold(second).length === 2);
    const [reply] = second.items.values();
    expect(reply).toMatchObject({ role: 'assistant', content: [{ type: 'output_text', text: 'Wait for it.' }] });
    expect(events.filter(({ type }) => type === 'response.done')).toHaveLength(1);
    expect(closes).toEqual([]);
    expect(await gateway.sample('trunkline_provider_moves_total', { provider: 'openai', why: 'due' })).toBe(1);
  });

  test('tells that a reply which the socket took with it is incomplete, and keeps the words that were heard of it', async () => {
    const { send, leg, events, types } = await survivingCall({
      onRequest: (of) => of.reply(['Once', ' upon'], of.number === 1),
    });
    const first = await leg(1);
    send({ type: 'response.create' });
    await until(() => types().filter((type) => type === 'response.output_audio.delta').length === 2);
    first.ws.terminate();
    const second = await leg(2);
    await until(() => types().includes('response.done'));
    const created = events.find(({ type }) => type === 'response.created')?.response as { id: string };
    expect(events.find(({ type }) => type === 'response.done')?.response).toMatchObject({
      ...{ id: created.id, status: 'incomplete', status_details: { type: 'incomplete', reason: 'connection_lost' } },
      output: [{ role: 'assistant', content: [{ type: 'output_text', text: 'Once upon' }] }],
    });
    await until(() => second.items.size === 1);
    expect(typesTold(second)).toEqual(['conversation.item.create']);
  });

  test('asks for such a reply again where the configuration says so', async () => {
    const onRequest = (of: ProviderLeg) => of.reply(['Once'], of.number === 1);
    const { send, leg, types } = await survivingCall({ onRequest }, { survive: { cutReply: 'again' } });
    const first = await leg(1);
    send({ type: 'response.create' });
    await until(() => types().includes('response.output_audio.delta'));
    first.ws.terminate();
    await until(() => types().filter((type) => type === 'response.done').length === 2);
    expect(typesTold(await leg(2))).toEqual(['conversation.item.create', 'response.create']);
  });

  test('asks again for what was not answered, and says again what was not heard', async () => {
    const { send, leg, types } = await survivingCall({ onRequest: (of) => of.number === 2 && of.reply(['Yes.']) });
    const first = await leg(1);
    send({ type: 'input_audio_buffer.append', audio: 'b2xk' });
    await until(() => first.told.length === 1);
    first.send({ type: 'input_audio_buffer.speech_started', item_id: 'item_said' });
    await until(() => types().includes('input_audio_buffer.speech_started'));
    send({ type: 'input_audio_buffer.append', audio: 'bmV3' });
    send({ type: 'response.create', response: { metadata: { a: 'b' } } });
    await until(() => first.told.length === 3);
    first.ws.terminate();
    const second = await leg(2);
    await until(() => types().includes('response.done'));
    expect(second.audio()).toBe('b2xkbmV3');
    expect(second.told.at(-1)).toEqual({ type: 'response.create', response: { metadata: { a: 'b' } } });
    second.send({ type: 'input_audio_buffer.speech_started', item_id: 'item_again' });
    second.send({ type: 'input_audio_buffer.speech_stopped', item_id: 'item_again' });
    await until(() => types().includes('input_audio_buffer.speech_stopped'));
    expect(types().filter((type) => type === 'input_audio_buffer.speech_started')).toHaveLength(1);
  });

  test('takes what the client says meanwhile to the next socket, in order, however often that is refused', async () => {
    let refusals = 3;
    let isDown = false;
    const { send, leg, closes } = await survivingCall({
      onUpgrade(_, socket) {
        if (!isDown || refusals === 0) return false;
        refusals -= 1;
        socket.end('HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n');
        return true;
      },
    });
    const first = await leg(1);
    isDown = true;
    first.ws.terminate();
    for (let number = 0; number < 50; number++) send(say(`word ${number}`));
    const second = await leg(2);
    await until(() => second.items.size === 50);
    const texts = [...second.items.values()].map(({ content }) => (content as { text: string }[])[0]?.text);
    expect(texts).toEqual(Array.from({ length: 50 }, (_, number) => `word ${number}`));
    expect([refusals, closes]).toEqual([0, []]);
  });

  test('ends as others do once its time without a provider is over', async () => {
    let isDown = false;
    const onUpgrade = (_: unknown, socket: { end(text: string): void }) => {
      if (isDown) socket.end('HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n');
      return isDown;
    };
    const { leg, client, gateway } = await survivingCall({ onUpgrade }, { limits: { surviveMs: 300 } });
    const first = await leg(1);
    isDown = true;
    first.ws.close(1011, 'gone');
    expect(await closed(client)).toMatchObject({ code: 1011 });
    expect(await gateway.nextEnd()).toMatchObject({ reason: 'provider-closed' });
  });

  test('ends where every next socket ends at once', async () => {
    const { leg, client, upstream } = await survivingCall();
    const first = await leg(1);
    const timer = setInterval(() => {
      for (const { ws } of upstream.legs.slice(1)) ws.terminate();
    }, 5);
    onEnd(async () => clearInterval(timer));
    first.ws.terminate();
    expect(await closed(client)).toMatchObject({ code: 1011 });
    expect(upstream.legs.length).toBeLessThan(10);
  });

  test('ends with a client that leaves while no socket is there', async () => {
    let isDown = false;
    const { leg, client, gateway } = await survivingCall({ onUpgrade: () => isDown });
    const first = await leg(1);
    isDown = true;
    first.ws.terminate();
    await until(() => first.ws.readyState === first.ws.CLOSED);
    client.close(1000);
    expect(await closed(client)).toMatchObject({ code: 1000 });
    expect(await gateway.nextEnd()).toMatchObject({ reason: 'client-closed', closeCode: 1000 });
  });

  test('is one session with one bill, and its timeline tells of the move', async () => {
    const { send, leg, types, client, gateway } = await survivingCall();
    for (const number of [1, 2, 3]) {
      const of = await leg(number);
      send({ type: 'response.create' });
      await until(() => types().filter((type) => type === 'response.done').length === number);
      if (number < 3) of.ws.close(1001);
    }
    client.close(1000);
    const record = await gateway.nextEnd();
    expect(record).toMatchObject({
      reason: 'client-closed',
      usage: { totalTokens: 9, inputTokens: 3, outputTokens: 6 },
    });
    const moves = record.timeline?.filter(({ kind }) => kind === 'move');
    expect(moves).toMatchObject([{ why: 'provider-closed' }, { why: 'provider-closed' }]);
  });

  test.each([
    [1008, 'a breach of policy'],
    [4000, 'a code of its own'],
  ])('ends with a close of %i, which the next socket would get as well', async (code) => {
    const { leg, client } = await survivingCall();
    (await leg(1)).ws.close(code);
    expect(await closed(client)).toMatchObject({ code });
  });
});

test('a message of which the provider has sent a part when it dies is let go', async () => {
  const { leg, gateway } = await survivingCall();
  const first = await leg(1);
  const held = () => gateway.sample('trunkline_unfinished_message_bytes');
  socketOf(first.ws).write(frameBytes(1, 'a'.repeat(100_000), { masked: false }).subarray(0, 50_000));
  await until(async () => (await held()) > 0);
  first.ws.terminate();
  await leg(2);
  await until(async () => (await held()) === 0);
});

test('a message of which the client has sent a part when the provider dies passes whole, whatever its bytes look like', async () => {
  let isDown = false;
  let tries = 0;
  const { send, client, leg } = await survivingCall({
    onUpgrade(_, socket) {
      if (isDown) socket.end('HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n');
      if (isDown) tries += 1;
      return isDown;
    },
  });
  const first = await leg(1);
  const event = JSON.stringify(say('A long story.', 'item_long'));
  const frame = frameBytes(1, event, { masked: true });
  // The payload of such a length is behind eight bytes; the rest of it begins like a close.
  const rest = 8 + 40;
  for (const [at, byte] of [0x88, 0x80].entries()) maskedAs(frame, rest + at, byte);
  socketOf(client).write(
    Buffer.concat([frameBytes(1, JSON.stringify(say('First.')), { masked: true }), frame.subarray(0, rest)]),
  );
  await until(() => first.told.length === 1);
  isDown = true;
  first.ws.terminate();
  await until(() => tries > 0);
  socketOf(client).write(frame.subarray(rest));
  send(say('Last.'));
  isDown = false;
  const second = await leg(2);
  await until(() => second.items.size === 3);
  expect([...second.items.keys()][1]).toBe('item_long');
});

/** Changes the mask of a frame so that this byte of it is another one. */
function maskedAs(frame: Buffer, at: number, byte: number): void {
  const place = (at - 8) % 4;
  const change = (frame[at] as number) ^ byte;
  frame[4 + place] = (frame[4 + place] as number) ^ change;
  for (let each = 8 + place; each < frame.length; each += 4) frame[each] = (frame[each] as number) ^ change;
}

test('a next socket that does not take what is pinned ends the session', async () => {
  const next = await openSocketPair({ near: 'dialled' });
  const survival = {
    resumption: realtimeResumption,
    cutReply: 'incomplete',
    maxMs: 10_000,
    maxLegMs: undefined,
  } as const;
  const dial = async () => ({ socket: next.near, mask: undefined });
  const { upstream, told, client } = await openPinned(REALTIME, { survival: { ...survival, dial } });
  upstream.send(down({ type: 'session.created', session: { id: 's' } }));
  upstream.send(updated({ id: 's' }));
  expect([(await told()).type, (await told()).type]).toEqual(['session.created', 'session.updated']);
  upstream.send(closeBytes(1011, '', { masked: false }));
  const provider = watchSocket(next.far);
  expect(JSON.parse((await provider.frame()).payload.toString())).toEqual(applied);
  provider.send(down({ type: 'error', error: { code: 'invalid_value', event_id: 'trunkline-pinned' } }));
  expect(await told()).toMatchObject({ type: 'error', error: { code: 'pins_not_taken' } });
  expect(closeOf(await client.frame()).code).toBe(1011);
  destroySocketPairs();
});
