// The fields that a session.update changes, and those that it may not.

import { describe, expect, test } from 'vitest';
import type { EventError } from '../../../../../adapters/simulators/openai/events.ts';
import {
  createSession,
  describeSession,
  type RealtimeSession,
  updateSession,
  vadSettingsOf,
} from '../../../../../adapters/simulators/openai/realtime/session.ts';

const create = (type: 'realtime' | 'transcription' = 'realtime'): RealtimeSession =>
  createSession({ id: 'sess_1', type, model: 'gpt-realtime-2.1', expires_at: 1 });

/** Returns the error of an update that is refused. */
function update(session: RealtimeSession, given: object, spoken = false): EventError | undefined {
  try {
    updateSession(session, { type: 'realtime', ...given }, spoken);
    return undefined;
  } catch (error) {
    return error as EventError;
  }
}

test('an update changes only the fields that it gives', () => {
  const session = create();
  const before = describeSession(session);
  expect(update(session, { instructions: 'Be brief.', audio: { output: { voice: 'cedar' } } })).toBeUndefined();
  expect(describeSession(session)).toEqual({
    ...before,
    instructions: 'Be brief.',
    audio: {
      ...(before.audio as object),
      output: { format: { type: 'audio/pcm', rate: 24_000 }, voice: 'cedar', speed: 1 },
    },
  });
});

test('null, an empty text and an empty list clear a field', () => {
  const session = create();
  const tool = { type: 'function', name: 'clock' };
  update(session, { instructions: 'x', tools: [tool], tool_choice: 'none', max_output_tokens: 7 });
  update(session, { instructions: '', tools: [], tool_choice: null, max_output_tokens: null });
  expect(describeSession(session)).toMatchObject({
    instructions: '',
    tools: [],
    tool_choice: 'auto',
    max_output_tokens: 'inf',
  });
});

test('turn detection can be switched off and on again, with its defaults', () => {
  const session = create();
  update(session, { audio: { input: { turn_detection: null } } });
  expect(session.audio.input.turn_detection).toBeNull();
  update(session, { audio: { input: { turn_detection: { type: 'server_vad', threshold: 0.9 } } } });
  expect(session.audio.input.turn_detection).toEqual({
    type: 'server_vad',
    threshold: 0.9,
    prefix_padding_ms: 300,
    silence_duration_ms: 500,
    idle_timeout_ms: null,
    create_response: true,
    interrupt_response: true,
  });
});

test('an update never changes the model', () => {
  const session = create();
  update(session, { model: 'another' });
  expect(describeSession(session).model).toBe('gpt-realtime-2.1');
});

test('fields without effect are shown as they were given: tracing, truncation, reasoning', () => {
  const session = create();
  const given = { tracing: 'auto', truncation: 'disabled', reasoning: { effort: 'low' } };
  update(session, given);
  expect(describeSession(session)).toMatchObject(given);
});

test('the voice can change until the first audio, and be repeated after it', () => {
  const session = create();
  expect(update(session, { audio: { output: { voice: 'cedar' } } }, false)).toBeUndefined();
  expect(update(session, { audio: { output: { voice: 'cedar' } } }, true)).toBeUndefined();
  expect(update(session, { audio: { output: { voice: 'marin' } } }, true)?.code).toBe('cannot_update_voice');
  expect(session.audio.output.voice).toBe('cedar');
});

describe('an update', () => {
  const refused: [string, object, object][] = [
    ['without a type', { type: undefined }, { code: 'missing_required_parameter', param: 'session.type' }],
    ['for another type', { type: 'transcription' }, { code: 'invalid_session_type' }],
    ['with both modalities', { output_modalities: ['audio', 'text'] }, { param: 'session.output_modalities' }],
    ['with an unknown modality', { output_modalities: ['video'] }, { param: 'session.output_modalities[0]' }],
    ['with a number for a text', { instructions: 5 }, { code: 'invalid_type', param: 'session.instructions' }],
    [
      'with another rate',
      { audio: { input: { format: { type: 'audio/pcm', rate: 16_000 } } } },
      { code: 'invalid_value', param: 'session.audio.input.format.rate' },
    ],
    [
      'with an unknown detection',
      { audio: { input: { turn_detection: { type: 'none' } } } },
      { code: 'invalid_value', param: 'session.audio.input.turn_detection.type' },
    ],
    [
      'with a threshold out of range',
      { audio: { input: { turn_detection: { type: 'server_vad', threshold: 2 } } } },
      { code: 'invalid_value', param: 'session.audio.input.turn_detection.threshold' },
    ],
    ['with a field of the beta', { modalities: ['text'] }, { code: 'unknown_parameter', param: 'session.modalities' }],
    ['with a list that is none', { tools: {} }, { code: 'invalid_type', param: 'session.tools' }],
  ];
  test.each(refused)('is refused %s', (_, given, failure) => {
    const session = create();
    const before = JSON.stringify(describeSession(session));
    expect(update(session, given)).toMatchObject({ message: expect.any(String), ...failure });
    expect(JSON.stringify(describeSession(session))).toBe(before);
  });
});

test('a higher threshold makes the detector stricter', () => {
  const mode = (threshold: number) => {
    const session = create();
    update(session, { audio: { input: { turn_detection: { type: 'server_vad', threshold } } } });
    return session.audio.input.turn_detection ? vadSettingsOf(session.audio.input.turn_detection).mode : undefined;
  };
  expect([mode(0.2), mode(0.5), mode(0.9)]).toEqual([1, 2, 3]);
});
