// A session of Live on a virtual clock: continuous audio, words with their times, what the client may ask for, and the end.

import { describe, expect, test } from 'vitest';
import { encodeMulaw } from '../../../../../codecs/audio/g711.ts';
import { concatSamples, durationMs, pcm16Bytes } from '../../../../../codecs/audio/pcm16.ts';
import { encodeBase64 } from '../../../../../codecs/text/base64.ts';
import { at, Dialogue, type Event, silence, tone } from '../../../../support/dialogue.ts';

const RATE = 24_000;
const times = {
  firstAudioMs: 300,
  firstTextMs: 200,
  tokenMs: 10,
  audioSpeed: 10,
  audioChunkMs: 100,
  transcriptionMs: 150,
};

const connect = (options: object = {}) => new Dialogue('/v1/live/sessions', { options: { times, ...options } });

function open(session: object = {}, options: object = {}): Dialogue {
  const dialogue = connect(options);
  dialogue.send({ type: 'session.start', event_id: 'mine', session: { model: 'gpt-live-1', ...session } });
  return dialogue;
}

/** Speaks in real time, in pieces of 100 ms. */
function speak(dialogue: Dialogue, samples: Int16Array, rate = RATE, encode = pcm16Bytes): void {
  for (let start = 0; start < samples.length; start += rate / 10) {
    const audio = encodeBase64(encode(samples.subarray(start, start + rate / 10)));
    dialogue.send({ type: 'session.input_audio.append', audio });
    dialogue.advance(100);
  }
}

const turn = (ms: number, rate = RATE) => concatSamples([tone(ms, rate), silence(700, rate)]);
const bytesOf = ({ delta }: Event) => Buffer.from(String(delta), 'base64');
const isSound = (event: Event) => bytesOf(event).some((byte) => byte !== 0);
const text = (events: readonly Event[]) => events.map(({ delta }) => delta).join('');

test('the first event starts the session, which is told with its defaults', () => {
  const dialogue = open();
  const { session, client_event_id: id, event_id } = dialogue.one('session.started') as Record<string, Event>;
  expect([id, typeof event_id]).toEqual(['mine', 'string']);
  expect(session).toMatchObject({
    id: expect.stringMatching(/^live_/),
    model: 'gpt-live-1',
    status: 'active',
    expires_at: 1_700_003_600,
    audio: { format: { type: 'audio/pcm', rate: 24_000 }, output: { voice: 'marin' } },
    delegation: null,
    store: false,
  });
});

test.each([
  ['another event', { type: 'session.input_audio.mute' }, 'session_not_started', undefined],
  ['audio', { type: 'session.input_audio.append', audio: 'AAAA' }, 'session_not_started', undefined],
  ['a start without a model', { type: 'session.start', session: {} }, 'missing_required_parameter', 'session.model'],
  ['a start without a session', { type: 'session.start' }, 'missing_required_parameter', 'session'],
  [
    'a start with an unknown field',
    { type: 'session.start', session: { model: 'm', voice: 'marin' } },
    'unknown_parameter',
    'session.voice',
  ],
  [
    'an unknown field deep inside',
    { type: 'session.start', session: { model: 'm', audio: { output: { speed: 2 } } } },
    'unknown_parameter',
    'session.audio.output.speed',
  ],
  [
    'Decisions',
    { type: 'session.start', session: { model: 'm', delegation: { type: 'decisions', decisions: {} } } },
    'not_implemented',
    'session.delegation.type',
  ],
  ['an event that is not known', { type: 'response.cancel' }, 'invalid_value', 'type'],
] as const)('%s is refused, and the session may still start', (_what, event, code, param) => {
  const dialogue = connect();
  dialogue.send({ ...event, event_id: 'mine' });
  const { error, ...rest } = dialogue.one('error') as Record<string, Event>;
  expect(error).toMatchObject({ type: 'invalid_request_error', code, client_event_id: 'mine' });
  expect([error?.param, rest.client_event_id]).toEqual([param, 'mine']);
  dialogue.send({ type: 'session.start', session: { model: 'm' } });
  dialogue.one('session.started');
});

test('audio goes out without end, in real time, and is silence while nothing is said', () => {
  const dialogue = open();
  dialogue.advance(1950);
  const pieces = dialogue.all('session.output_audio.delta');
  expect(pieces.map((piece) => durationMs(bytesOf(piece).length / 2, RATE))).toEqual(Array(20).fill(100));
  expect(pieces.some(isSound)).toBe(false);
  expect(pieces[0]).not.toHaveProperty('event_id');
});

test('speech is heard and answered, with words that have times, and without turns', () => {
  const dialogue = open();
  speak(dialogue, turn(2000));
  dialogue.advance(8000);
  const heard = dialogue.all('session.input_transcript.delta');
  expect(text(heard)).toBe('(2 seconds of speech)');
  const said = dialogue.all('session.output_transcript.delta');
  expect(text(said)).toBe('This is the rehearsal provider. I heard 2 seconds of speech.');
  for (const words of [heard, said]) {
    const stretches = words.map(({ start_ms, end_ms }) => [Number(start_ms), Number(end_ms)] as const);
    expect(stretches.every(([start, end], i) => start < end && start === (stretches[i - 1]?.[1] ?? start))).toBe(true);
  }
  // One second of a sentence, then 2 s of the caller's own words.
  const sound = dialogue.all('session.output_audio.delta').filter(isSound).length;
  expect(sound).toBeGreaterThan(25);
  expect(sound).toBeLessThan(40);
  expect(dialogue.types.filter((type) => /speech|response|turn/.test(type))).toEqual([]);
});

test('it falls silent when the user speaks', () => {
  const dialogue = open();
  speak(dialogue, turn(2000));
  dialogue.advance(600);
  speak(dialogue, tone(600, RATE));
  dialogue.clear();
  dialogue.advance(1000);
  expect(dialogue.all('session.output_audio.delta').some(isSound)).toBe(false);
});

test.each([
  ['audio/pcm', 16_000, 3200],
  ['audio/pcmu', 8000, 800],
] as const)('%s at %d passes in both directions', (type, rate, bytes) => {
  const dialogue = open({ audio: { format: { type, rate } } });
  speak(dialogue, turn(1000, rate), rate, type === 'audio/pcm' ? pcm16Bytes : encodeMulaw);
  dialogue.advance(3000);
  expect(bytesOf(dialogue.all('session.output_audio.delta')[0] as Event)).toHaveLength(bytes);
  expect(text(dialogue.all('session.input_transcript.delta'))).toBe('(1 second of speech)');
});

test('nothing is heard while it is muted', () => {
  const dialogue = open();
  dialogue.send({ type: 'session.input_audio.mute', event_id: 'a' });
  expect(dialogue.one('session.input_audio.muted').client_event_id).toBe('a');
  speak(dialogue, turn(1000));
  dialogue.send({ type: 'session.input_audio.unmute', event_id: 'b' });
  expect(dialogue.one('session.input_audio.unmuted').client_event_id).toBe('b');
  dialogue.advance(3000);
  expect(dialogue.all('session.input_transcript.delta')).toEqual([]);
});

test('what is appended is acknowledged with its place, and commentary is spoken', () => {
  const dialogue = open();
  dialogue.advance(1050);
  for (const what of ['instructions', 'thinking', 'commentary'])
    dialogue.send({
      type: `session.${what}.append`,
      event_id: what,
      content: 'The order is late.',
      delegation_id: null,
    });
  for (const what of ['instructions', 'thinking', 'commentary']) {
    const { start_ms, end_ms, client_event_id } = dialogue.one(`session.${what}.appended`);
    expect([start_ms, end_ms, client_event_id]).toEqual([1100, 1100, what]);
  }
  dialogue.advance(2000);
  expect(dialogue.spoken).toEqual(['This is the rehearsal provider. You wrote: The order is late.']);
  expect(text(dialogue.all('session.output_transcript.delta'))).toBe(dialogue.spoken[0]);
});

test.each([
  ['without a content', { delegation_id: null }, 'content'],
  ['that is too long', { content: 'x'.repeat(2001), delegation_id: null }, 'content'],
  ['without a delegation_id', { content: 'a' }, 'delegation_id'],
  ['for a delegation that was never made', { content: 'a', delegation_id: 'dlg_1' }, 'delegation_id'],
])('an append %s is refused', (_what, fields, param) => {
  const dialogue = open();
  dialogue.send({ type: 'session.thinking.append', ...fields });
  expect(at(dialogue.one('error'), 'error.param')).toBe(param);
});

test('a fixture is played in the place of everything else', () => {
  const dialogue = open({ audio: { format: { type: 'audio/pcmu', rate: 8000 } } });
  const audio = encodeBase64(pcm16Bytes(tone(1000, RATE)));
  dialogue.send({ type: 'session.output_audio.fixture.play', event_id: 'f', audio });
  expect(dialogue.one('session.output_audio.fixture.playing').client_event_id).toBe('f');
  dialogue.send({ type: 'session.output_audio.fixture.play', audio });
  dialogue.send({ type: 'session.commentary.append', content: 'a', delegation_id: null });
  expect(dialogue.all('error').map((event) => at(event, 'error.code'))).toEqual(['fixture_active', 'fixture_active']);
  dialogue.advance(2000);
  expect(dialogue.one('session.output_audio.fixture.played').client_event_id).toBe('f');
  dialogue.send({ type: 'session.output_audio.fixture.play', audio: encodeBase64(Buffer.alloc(48_000 * 31)) });
  expect(at(dialogue.all('error').at(-1), 'error.param')).toBe('audio');
});

describe('work', () => {
  const delegation = {
    type: 'responses',
    responses: { model: 'gpt-6-luna', tools: [{ type: 'function', name: 'get_weather', parameters: {} }] },
  };

  test('is given to the app by default, which may answer it', () => {
    const dialogue = open();
    dialogue.advance(500);
    dialogue.send({ type: 'session.instructions.append', content: 'Delegate the refund.', delegation_id: null });
    const { delegation: made, offset_ms } = dialogue.one('session.delegation.created') as Record<string, Event>;
    expect([made, offset_ms]).toMatchObject([{ target: 'client', type: 'delegation' }, 600]);
    dialogue.send({ type: 'session.commentary.append', content: 'It is done.', delegation_id: made?.id });
    dialogue.one('session.commentary.appended');
    dialogue.send({ type: 'response.create' });
    expect(at(dialogue.one('error'), 'error.code')).toBe('invalid_delegation');
  });

  test('is given to a model of Responses, whose events come wrapped and small, and whose words are spoken', () => {
    const dialogue = open({ delegation });
    dialogue.send({ type: 'session.instructions.append', content: 'Please delegate: look.', delegation_id: null });
    const { delegation: made } = dialogue.one('session.delegation.created') as Record<string, Event>;
    dialogue.advance(4000);
    const wrapped = dialogue.all('response.event');
    expect(wrapped.every(({ delegation_id: id }) => id === made?.id)).toBe(true);
    expect(at(wrapped.at(-1), 'event.type')).toBe('response.completed');
    expect(at(wrapped.at(-1), 'event.response')).toMatchObject({
      id: made?.response_id,
      model: 'gpt-6-luna',
      tools: [],
      output: [],
      usage: { total_tokens: expect.any(Number) },
    });
    expect(text(dialogue.all('session.output_transcript.delta'))).toContain('You wrote: Please delegate: look.');
  });

  test('calls a tool that is asked for, and goes on with what that answered', () => {
    const dialogue = open({ delegation });
    const message = { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'call get_weather' }] };
    dialogue.send({ type: 'response.item.create', item: message });
    dialogue.send({ type: 'response.create' });
    dialogue.send({ type: 'response.create' });
    expect(at(dialogue.one('error'), 'error.code')).toBe('conversation_already_has_active_response');
    dialogue.advance(2000);
    const items = dialogue
      .all('response.event')
      .filter((event) => at(event, 'event.type') === 'response.output_item.done');
    const call = at(items[0], 'event.item') as Event;
    expect(call).toMatchObject({ type: 'function_call', name: 'get_weather' });
    const output = { type: 'function_call_output', call_id: call.call_id, output: 'sunny' };
    dialogue.send({ type: 'response.item.create', item: output });
    dialogue.send({ type: 'response.create' });
    dialogue.advance(3000);
    expect(text(dialogue.all('session.output_transcript.delta'))).toContain('The tool get_weather answered: sunny');
  });

  test('may be given otherwise later, but not to somebody else', () => {
    const dialogue = open({ delegation });
    const update = (given: object) => dialogue.send({ type: 'session.update', event_id: 'u', session: given });
    update({ delegation: { type: 'responses', responses: { model: 'gpt-6-sol' } } });
    const { session, client_event_id: id } = dialogue.one('session.updated') as Record<string, Event>;
    expect(id).toBe('u');
    expect(session?.delegation).toMatchObject({ responses: { model: 'gpt-6-sol', tools: [{ name: 'get_weather' }] } });
    update({ delegation: { type: 'client' } });
    update({ instructions: 'Be brief.' });
    const params = dialogue.all('error').map((event) => at(event, 'error.param'));
    expect(params).toEqual(['session.delegation.type', 'session.instructions']);
  });
});

test('seconds are reported as they add up, and the last ones with the end', () => {
  const dialogue = open();
  dialogue.advance(11_000);
  const reports = dialogue.all('session.usage.updated').map((event) => at(event, 'usage.seconds'));
  expect(reports).toEqual([5, 10]);
  dialogue.send({ type: 'session.close', event_id: 'c' });
  expect(dialogue.messages.at(-1)?.event).toMatchObject({
    type: 'session.closed',
    reason: 'close_requested',
    client_event_id: 'c',
    usage: { seconds: 11.1 },
    session: { model: 'gpt-live-1', status: 'active' },
  });
  expect(dialogue.closed).toEqual({ code: 1000, reason: '' });
});

test('a session ends when its time is over', () => {
  const dialogue = open({}, { sessionCapMs: 2000 });
  dialogue.advance(2000);
  expect(dialogue.one('session.closed')).toMatchObject({ reason: 'expired' });
  expect(dialogue.closed?.code).toBe(1000);
});
