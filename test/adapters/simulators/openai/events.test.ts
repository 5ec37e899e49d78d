// Invalid events, and the errors that answer them.

import { describe, expect, test } from 'vitest';
import { at, type Event } from '../../../support/dialogue.ts';
import { openRealtime, update } from '../../../support/realtime-dialogue.ts';

describe('an invalid event', () => {
  const bad: [string, string | Event, object][] = [
    ['JSON that ends early', '{"type":', { code: 'invalid_json' }],
    ['an array', '[]', { code: 'invalid_json' }],
    ['no type', { event_id: 'e' }, { code: 'missing_required_parameter', param: 'type' }],
    ['an unknown type', { type: 'response.audio' }, { code: 'invalid_value', param: 'type' }],
    ['a type that every object has', { type: 'constructor' }, { code: 'invalid_value', param: 'type' }],
    ['an append without audio', { type: 'input_audio_buffer.append' }, { code: 'missing_required_parameter' }],
    ['an append of a number', { type: 'input_audio_buffer.append', audio: 1 }, { code: 'invalid_value' }],
    ['audio that is not base64', { type: 'input_audio_buffer.append', audio: 'not!' }, { code: 'invalid_value' }],
    ['an update without a session', { type: 'session.update' }, { code: 'missing_required_parameter' }],
    ['an item that is none', { type: 'conversation.item.create' }, { code: 'missing_required_parameter' }],
    ['a cancel of nothing', { type: 'response.cancel' }, { code: 'response_cancel_not_active' }],
  ];
  test.each(bad)('%s is answered with an error, and the session goes on', (_, event, error) => {
    const dialogue = openRealtime();
    dialogue.send(event);
    expect(dialogue.one('error')).toMatchObject({
      event_id: expect.stringMatching(/^event_/),
      error: { type: 'invalid_request_error', message: expect.any(String), ...error },
    });
    expect(dialogue.closed).toBeUndefined();
    update(dialogue, {});
    dialogue.one('session.updated');
  });

  test('is an error in a binary frame', () => {
    const dialogue = openRealtime();
    dialogue.send({ type: 'response.create' }, true);
    expect(at(dialogue.one('error'), 'error.code')).toBe('invalid_json');
  });

  test('is named by its id in the error', () => {
    const dialogue = openRealtime();
    dialogue.send({ type: 'response.cancel', event_id: 'mine' });
    expect(at(dialogue.one('error'), 'error.event_id')).toBe('mine');
  });
});
