// Sessions with pinned settings over real sockets: what reaches the provider, what the client is told, and in which order.

import { afterEach, describe, expect, test } from 'vitest';
import { findEndpoint } from '../../../../adapters/realtime/index.ts';
import type { JsonObject } from '../../../../codecs/json-object.ts';
import { seededRandom } from '../../../support/random.ts';
import { openRawSession, type RawSessionOptions } from '../../../support/raw-session.ts';
import { closeBytes, closeOf, frameBytes } from '../../../support/raw-socket.ts';
import { destroySocketPairs } from '../../../support/socket-pair.ts';
import { until } from '../../../support/until.ts';

afterEach(destroySocketPairs);

const REALTIME = '/v1/realtime';
const pinned = { type: 'realtime', instructions: 'You are a clerk.', audio: { output: { voice: 'marin' } } };
const applied = { event_id: 'trunkline-pinned', type: 'session.update', session: pinned };

const text = (event: object | string) => (typeof event === 'string' ? event : JSON.stringify(event));
const up = (event: object | string, more = {}) => frameBytes(1, text(event), { masked: true, ...more });
const down = (event: object | string, more = {}) => frameBytes(1, text(event), { masked: false, ...more });
const updated = (session: JsonObject = {}) => down({ type: 'session.updated', event_id: 'e', session });

async function open(path = REALTIME, options: Partial<RawSessionOptions> = {}) {
  const dialect = findEndpoint(path)?.endpoint.dialect;
  if (dialect === undefined) throw new Error(`no route ${path}`);
  const opened = await openRawSession({ dialect, pinned, ...options });
  const { client, upstream } = opened;
  const arrives = async () => JSON.parse((await upstream.frame()).payload.toString());
  const told = async () => JSON.parse((await client.frame()).payload.toString());
  return { ...opened, arrives, told };
}

/** A session whose provider has taken what is pinned. */
async function openTaken(path = REALTIME, options: Partial<RawSessionOptions> = {}) {
  const opened = await open(path, options);
  await opened.arrives();
  opened.upstream.send(updated());
  expect((await opened.told()).type).toBe('session.updated');
  return opened;
}

describe('before the provider has taken what is pinned', () => {
  test('the update of the gateway comes first, and messages of the client wait for its answer', async () => {
    const { client, upstream, arrives, told } = await open();
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
    const { client, upstream, arrives, told, ended } = await open();
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
    const { client, upstream, arrives, told } = await open();
    await arrives();
    upstream.send(down({ type: 'error', error: { code: 'other', event_id: 'trunkline-context' } }));
    expect(await told()).toMatchObject({ error: { code: 'other' } });
    upstream.send(down({ type: 'error', error: { code: 'some', event_id: null } }));
    expect(await told()).toMatchObject({ error: { code: 'pins_not_taken' } });
    expect(closeOf(await client.frame()).code).toBe(1011);
  });

  test('a provider that does not answer in time ends the session', async () => {
    const { client, ended, upstream } = await open(REALTIME, { limits: { dialMs: 100 } });
    expect(closeOf(await client.frame()).code).toBe(1011);
    upstream.socket.destroy();
    client.socket.destroy();
    expect((await ended).reason).toBe('provider-silent');
  });

  test('nothing passes of a client that closes meanwhile, and its close passes at once', async () => {
    const { client, upstream, arrives } = await open();
    await arrives();
    client.send(Buffer.concat([up({ type: 'response.create' }), up({ type: 'session.update', session: {} })]));
    client.send(closeBytes(1000, 'bye'));
    expect(closeOf(await upstream.frame())).toEqual({ code: 1000, reason: 'bye' });
  });

  test('a flood of the client is read no further than limits say, and passes in order later', async () => {
    const { client, upstream, arrives, socket } = await open(REALTIME, { limits: { pauseBytes: 16 * 1024 } });
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
    const event = text({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content: [] } });
    const bytes = [
      frameBytes(1, event.slice(0, 9), { masked: true, fin: false }),
      frameBytes(0, event.slice(9), { masked: true }),
    ];
    const bad = text({ type: 'session.update', session: { instructions: 'Mine.' } });
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
    const event = text({ type: 'response.output_text.delta', delta: 'Hello' });
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
    const { upstream, arrives, client } = await open(REALTIME, { context });
    client.send(up({ type: 'response.create' }));
    expect(await arrives()).toEqual(applied);
    expect(await arrives()).toMatchObject({ event_id: 'trunkline-context' });
    upstream.send(updated());
    expect(await arrives()).toEqual({ type: 'response.create' });
  });
});

describe('together with other rules', () => {
  const context = { continues: 'a', from: 'turns', text: 'what was said', dataClass: 'open' } as const;

  test('the ids of a message are those of its client, and what is pinned goes into the message that passes', async () => {
    const ids = { owns: async ([id]: readonly string[]) => id === 'resp_own', handedOut: () => {} };
    const settings = { instructions: 'You are a clerk.', tools: [{ type: 'code_interpreter', container: 'cntr_9' }] };
    const { client, arrives, told } = await open('/v1/responses', { pinned: settings, ids });
    const asking = (id: string) => ({ type: 'response.create', previous_response_id: id, input: 'Hi' });
    client.send(Buffer.concat([up(asking('resp_other')), up({ ...asking('resp_own'), instructions: 'Mine.' })]));
    client.send(up(asking('resp_own')));
    expect(await told()).toMatchObject({ error: { code: 'previous_response_not_found' } });
    expect(await told()).toMatchObject({ error: { code: 'pinned', param: 'instructions' }, status: 403 });
    expect(await arrives()).toEqual({ ...asking('resp_own'), ...settings });
  });

  test('Gemini is told of an earlier session behind the locked setup, ahead of what the client says', async () => {
    const path = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent';
    const setup = { model: 'models/m', systemInstruction: { parts: [{ text: 'You are a clerk.' }] } };
    const { client, upstream, arrives } = await open(path, { pinned: { bidiGenerateContentSetup: setup }, context });
    const said = [1, 2, 3].map((at) => ({ realtimeInput: { text: `${at}` } }));
    const whole = Buffer.concat([up({ setup: { model: 'models/mine' } }), ...said.map((event) => up(event))]);
    client.send(whole.subarray(0, whole.length - 5));
    expect(await arrives()).toEqual({ setup });
    client.send(whole.subarray(whole.length - 5));
    upstream.send(down({ setupComplete: {} }));
    expect(await arrives()).toMatchObject({ clientContent: { turnComplete: false } });
    for (const event of said) expect(await arrives()).toEqual(event);
    client.send(up({ contextUpdate: { tools: [] } }));
    expect(closeOf(await upstream.frame()).code).toBe(1001);
  });

  test('Deepgram is told of an earlier session in the settings that are pinned', async () => {
    const { client, arrives, told } = await open('/v1/agent/converse', {
      pinned: { agent: { think: { prompt: 'You are a clerk.' } } },
      context,
    });
    client.send(up({ type: 'Settings', agent: { think: { prompt: 'Mine.' } } }));
    expect(await told()).toMatchObject({ type: 'Warning', code: 'pinned' });
    client.send(up({ type: 'Settings', agent: { language: 'en' } }));
    expect((await arrives()).agent).toMatchObject({
      language: 'en',
      think: { prompt: 'You are a clerk.' },
      context: { messages: [{ type: 'History', role: 'user', content: 'what was said' }] },
    });
  });

  test('a model that goes with what is pinned counts for the list of the key', async () => {
    const mayUse = (model: string) => model === 'gpt-live-1';
    const { client, arrives, told } = await open('/v1/live/sessions', { pinned: { model: 'gpt-live-1' }, mayUse });
    client.send(up({ type: 'session.start', session: {} }));
    expect(await arrives()).toEqual({ type: 'session.start', session: { model: 'gpt-live-1' } });
    client.send(up({ type: 'session.update', session: { delegation: { responses: { model: 'other' } } } }));
    expect(await told()).toMatchObject({ error: { code: 'model_not_allowed' } });
  });

  test('a compressed message breaks the protocol, and nothing of it passes', async () => {
    const { client, upstream } = await openTaken();
    client.send(frameBytes(1, 'x', { masked: true, rsv: 4 }));
    expect(closeOf(await client.frame()).code).toBe(1002);
    expect((await upstream.frame()).opcode).toBe(8);
  });

  test('round trips of the client are measured', async () => {
    const { client, session } = await openTaken(REALTIME, { limits: { pingMs: 400 } });
    expect((await client.frame()).opcode).toBe(9);
    client.send(frameBytes(10, '', { masked: true }));
    const kinds = () => session.record().timeline?.map(({ kind }) => kind);
    await until(() => kinds()?.includes('round-trip'));
  });
});

test('whatever the fragments and the reads, the same bytes reach either end, but for what is refused or hidden', async () => {
  const random = seededRandom(139);
  const { client, upstream } = await openTaken();
  /** The frames of a message: of half of them two. */
  const framesOf = (event: object, masked: boolean): Buffer => {
    const data = Buffer.from(text(event));
    if (random.below(2) === 0) return frameBytes(1, data, { masked });
    const at = random.below(data.length);
    const [one, two] = [data.subarray(0, at), data.subarray(at)];
    const parts = [frameBytes(1, one, { masked, fin: false }), frameBytes(0, two, { masked })];
    return Buffer.concat(parts);
  };
  const sendInPieces = async (to: typeof client, bytes: Buffer): Promise<void> => {
    for (let at = 0; at < bytes.length; ) {
      const end = at + 1 + random.below(400);
      to.send(bytes.subarray(at, end));
      at = end;
      if (random.below(8) === 0) await new Promise(setImmediate);
    }
  };
  const passing: Buffer[] = [];
  const all = Array.from({ length: 300 }, (_, at) => {
    const isRefused = random.below(3) === 0;
    const session = isRefused
      ? { instructions: `${at}` }
      : { type: 'realtime', tracing: 'x'.repeat(random.below(300)) };
    const frames = framesOf({ type: 'session.update', event_id: `e${at}`, session }, true);
    if (!isRefused) passing.push(frames);
    return frames;
  });
  const shown: string[] = [];
  const told = Array.from({ length: 300 }, (_, at) => {
    const isHiding = random.below(3) === 0;
    const session = { id: `s${at}`, voice: 'x'.repeat(random.below(300)) };
    shown.push(text({ type: 'session.updated', session }));
    return framesOf(
      { type: 'session.updated', session: isHiding ? { ...session, instructions: 'x' } : session },
      false,
    );
  });
  await Promise.all([sendInPieces(client, Buffer.concat(all)), sendInPieces(upstream, Buffer.concat(told))]);
  const expected = Buffer.concat(passing);
  expect((await upstream.bytes(expected.length)).equals(expected)).toBe(true);
  const messages: string[] = [];
  let refused = 0;
  for (let open = ''; messages.length < shown.length || refused < all.length - passing.length; ) {
    const { payload, fin } = await client.frame();
    open += payload;
    if (!fin) continue;
    if (open.includes('"pinned"')) refused += 1;
    else messages.push(open);
    open = '';
  }
  expect(messages).toEqual(shown);
});

test('a session of a dialect that can pin nothing does not begin', async () => {
  const dialect = findEndpoint(REALTIME)?.endpoint.dialect;
  if (dialect === undefined) throw new Error('no route');
  await expect(openRawSession({ dialect: { ...dialect, pins: undefined }, pinned })).rejects.toThrow(
    'nothing can be pinned',
  );
});
