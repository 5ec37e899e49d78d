// Sessions with pinned settings over real sockets: what reaches the provider, what the client is told, and in which order.

import { afterEach, describe, expect, test } from 'vitest';
import { dialectAt } from '../../../support/pin-policy/cases.ts';
import {
  applied,
  down,
  openPinned,
  openTaken,
  pinned,
  REALTIME,
  textOf,
  up,
  updated,
} from '../../../support/pinned-session.ts';
import { openRawSession } from '../../../support/raw-session.ts';
import { closeBytes, closeOf, frameBytes } from '../../../support/raw-socket.ts';
import { destroySocketPairs } from '../../../support/socket-pair.ts';
import { until } from '../../../support/until.ts';

afterEach(destroySocketPairs);

describe('before the provider has taken what is pinned', () => {
  test('the update of the gateway comes first, and messages of the client wait for its answer', async () => {
    const { client, upstream, arrives, told } = await openPinned();
    client.send(up({ type: 'input_audio_buffer.clear', event_id: 'one' }));
    client.send(up({ type: 'session.update', session: { instructions: 'Mine.' }, event_id: 'two' }));
    client.send(up({ type: 'input_audio_buffer.commit', event_id: 'three' }));
    expect(await arrives()).toEqual(applied);
    const created = { type: 'session.created', event_id: 'c', session: { id: 's' } };
    upstream.send(down(created));
    expect(await told()).toEqual(created);
    upstream.send(updated({ id: 's' }));
    expect(await told()).toMatchObject({ type: 'session.updated' });
    expect(await arrives()).toMatchObject({ event_id: 'one' });
    expect(await told()).toMatchObject({ type: 'error', error: { code: 'pinned', event_id: 'two' } });
    expect(await arrives()).toMatchObject({ event_id: 'three' });
  });

  test('an error about the update ends the session, and the client is told why in its dialect', async () => {
    const { client, upstream, arrives, told, ended } = await openPinned();
    client.send(up({ type: 'input_audio_buffer.clear' }));
    await arrives();
    const error = { code: 'invalid_value', message: 'You are a clerk.', param: 'session.audio.output.voice' };
    upstream.send(down({ type: 'error', error: { ...error, event_id: 'trunkline-pinned' } }));
    const event = await told();
    expect(event).toMatchObject({ type: 'error', error: { code: 'pins_not_taken' } });
    expect(event.error.message).toContain('invalid_value in session.audio.output.voice');
    expect(JSON.stringify(event)).not.toContain('clerk');
    expect(closeOf(await client.frame())).toMatchObject({ code: 1011 });
    expect(closeOf(await upstream.frame()).code).toBe(1001);
    client.socket.destroy();
    upstream.socket.destroy();
    expect(await ended).toMatchObject({ reason: 'pins-not-taken', mayRetry: false });
  });

  test('an error about something else passes, one that quotes no event ends the session', async () => {
    const { client, upstream, arrives, told } = await openPinned();
    await arrives();
    upstream.send(down({ type: 'error', error: { code: 'other', event_id: 'trunkline-context' } }));
    expect(await told()).toMatchObject({ error: { code: 'other' } });
    upstream.send(down({ type: 'error', error: { code: 'some', event_id: null } }));
    expect(await told()).toMatchObject({ error: { code: 'pins_not_taken' } });
    expect(closeOf(await client.frame()).code).toBe(1011);
  });

  test('a provider that does not answer in time ends the session', async () => {
    const { client, ended, upstream } = await openPinned(REALTIME, { limits: { dialMs: 100 } });
    expect(closeOf(await client.frame()).code).toBe(1011);
    upstream.socket.destroy();
    client.socket.destroy();
    expect((await ended).reason).toBe('provider-silent');
  });

  test('nothing passes of a client that closes meanwhile, and its close passes at once', async () => {
    const { client, upstream, arrives } = await openPinned();
    await arrives();
    client.send(Buffer.concat([up({ type: 'response.create' }), up({ type: 'session.update', session: {} })]));
    client.send(closeBytes(1000, 'bye'));
    expect(closeOf(await upstream.frame())).toEqual({ code: 1000, reason: 'bye' });
  });

  test('a flood of the client is read no further than limits say, and passes in order later', async () => {
    const { client, upstream, arrives, socket } = await openPinned(REALTIME, { limits: { pauseBytes: 16 * 1024 } });
    await arrives();
    const sent = Array.from({ length: 400 }, (_, at) => ({ type: 'conversation.item.retrieve', item_id: `i${at}` }));
    const flood = sent.map((event) => up({ ...event, event_id: 'x'.repeat(500) }));
    client.send(Buffer.concat(flood));
    await until(() => socket.isPaused());
    upstream.send(updated());
    for (const event of sent) expect(await arrives()).toMatchObject(event);
  });
});

describe('afterwards', () => {
  test('what is pinned cannot be changed, the session goes on, and what is not pinned can be set', async () => {
    const { client, arrives, told } = await openTaken();
    client.send(up({ type: 'session.update', session: { type: 'realtime', instructions: 'Mine.' }, event_id: 'a' }));
    expect(await told()).toMatchObject({
      type: 'error',
      error: { type: 'invalid_request_error', code: 'pinned', param: 'session.instructions', event_id: 'a' },
    });
    client.send(up({ type: 'response.create', response: { audio: { output: { voice: 'ash' } } } }));
    expect(await told()).toMatchObject({ error: { code: 'pinned', param: 'response.audio.output.voice' } });
    const free = { type: 'session.update', session: { type: 'realtime', audio: { output: { speed: 1.1 } } } };
    client.send(up(free));
    expect(await arrives()).toEqual(free);
    const same = { type: 'session.update', session: pinned };
    client.send(up(same));
    expect(await arrives()).toEqual(same);
  });

  test('messages pass in their own bytes, fragments included; one that is refused in fragments is told once', async () => {
    const { client, upstream } = await openTaken();
    const event = textOf({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content: [] } });
    const bytes = [
      frameBytes(1, event.slice(0, 9), { masked: true, fin: false }),
      frameBytes(0, event.slice(9), { masked: true }),
    ];
    const bad = textOf({ type: 'session.update', session: { instructions: 'Mine.' } });
    client.send(frameBytes(1, bad.slice(0, 40), { masked: true, fin: false }));
    client.send(frameBytes(9, 'ping', { masked: true }));
    client.send(frameBytes(0, bad.slice(40), { masked: true }));
    for (const each of bytes) client.send(each);
    const frames = [await client.frame(), await client.frame()].sort((a, b) => a.opcode - b.opcode);
    expect(frames.map(({ opcode }) => opcode)).toEqual([1, 10]);
    expect(JSON.parse(String(frames[0]?.payload))).toMatchObject({ error: { code: 'pinned' } });
    const whole = Buffer.concat(bytes);
    expect(await upstream.bytes(whole.length)).toEqual(whole);
  });

  test('a refusal is not told within a message of the provider', async () => {
    const { client, upstream, told } = await openTaken();
    const event = textOf({ type: 'response.output_text.delta', delta: 'Hello' });
    upstream.send(frameBytes(1, event.slice(0, 10), { masked: false, fin: false }));
    client.send(up({ type: 'session.update', session: { instructions: 'Mine.' } }));
    expect(await told()).toMatchObject({ error: { code: 'pinned' } });
    upstream.send(frameBytes(0, event.slice(10), { masked: false }));
    expect((await client.frame()).fin).toBe(false);
  });

  test('pinned instructions do not come back, and everything else of the message stays byte for byte', async () => {
    const { client, upstream } = await openTaken();
    const session = (inside: string) => `{"type":"session.updated", "session":{${inside}"n":1.0,"id":"s"}}`;
    upstream.send(down(session('"instructions":"You are a clerk.","tools":[{"a":"]}"}], ')));
    expect((await client.frame()).payload.toString()).toBe(session('"tools":[{"a":"]}"}], '));
    const untouched = Buffer.concat([
      down('{"type":"response.output_text.delta","delta":"\\"instructions\\""}'),
      frameBytes(1, '{"type":"x",', { masked: false, fin: false }),
      frameBytes(0, '"a":1}', { masked: false }),
      frameBytes(2, 'sound', { masked: false }),
    ]);
    upstream.send(untouched);
    expect(await client.bytes(untouched.length)).toEqual(untouched);
  });

  test('a provider is answered its pings, and its close passes', async () => {
    const { client, upstream } = await openTaken();
    upstream.send(frameBytes(9, 'ping', { masked: false }));
    expect((await upstream.frame()).opcode).toBe(10);
    // Nothing is read behind a close, also where it came with it.
    upstream.send(Buffer.concat([closeBytes(1000, 'done', { masked: false }), down({ type: 'response.created' })]));
    expect(closeOf(await client.frame())).toEqual({ code: 1000, reason: 'done' });
  });

  test('a context comes behind the update of the gateway', async () => {
    const context = { continues: 'a', from: 'turns', text: 'what was said', dataClass: 'open' } as const;
    const { upstream, arrives, client } = await openPinned(REALTIME, { context });
    client.send(up({ type: 'response.create' }));
    expect(await arrives()).toEqual(applied);
    expect(await arrives()).toMatchObject({ event_id: 'trunkline-context' });
    upstream.send(updated());
    expect(await arrives()).toEqual({ type: 'response.create' });
  });
});

test('a session of a dialect that can pin nothing does not begin', async () => {
  const dialect = dialectAt(REALTIME);
  await expect(openRawSession({ dialect: { ...dialect, pins: undefined }, pinned })).rejects.toThrow(
    'nothing can be pinned',
  );
});
