// Tests what the tap learns from Translation events: no turns, no usage.

import { expect, test } from 'vitest';
import { openaiTranslationDialect as dialect } from '../../../../../adapters/realtime/openai/dialects/translation.ts';
import { eventOf, frameOf } from '../../../../support/frames.ts';

const downstream = (event: object) => dialect.observe(frameOf(event), 'downstream');

test('session.created tells the model, audio marks itself', () => {
  const created = { type: 'session.created', session: { model: 'gpt-translate' } };
  expect(downstream(created)).toEqual({ type: 'session.created', model: 'gpt-translate', isContinuous: true });
  expect(downstream({ type: 'session.output_audio.delta', delta: 'QUJD' })?.mark).toBe('audio');
});

test('client events are known by their type', () => {
  const type = 'session.input_audio_buffer.append';
  expect(dialect.observe(frameOf({ type, audio: 'QUJD' }), 'upstream')?.type).toBe(type);
  expect(dialect.observe(frameOf('x'), 'upstream')).toBeUndefined();
});

test('a refusal has the shape of Realtime', () => {
  const refusal = dialect.errorEvent({ code: 'duplicate_key', message: 'm', eventId: 'e' });
  expect(eventOf(refusal)).toMatchObject({ type: 'error', error: { code: 'duplicate_key', event_id: 'e' } });
});
