// The error events, each in the shape of its dialect.

import { expect, test } from 'vitest';
import type { Rejection } from '../../../../adapters/realtime/contract/dialect.ts';
import { liveError, realtimeError, responsesError } from '../../../../adapters/realtime/openai/error-event.ts';
import { eventOf, frameOf } from '../../../support/frames.ts';

const refused: Rejection = { code: 'model_not_allowed', message: 'this key may not use it' };
const body = {
  type: 'invalid_request_error',
  code: 'model_not_allowed',
  message: 'this key may not use it',
  param: null,
};
const event = frameOf({ type: 'session.update', event_id: 'e-7', stream_id: 's-1' });
const id = expect.stringMatching(/^event_\w+$/);

test('Realtime quotes the event in the error', () => {
  expect(eventOf(realtimeError(refused, event))).toEqual({
    type: 'error',
    event_id: id,
    error: { ...body, event_id: 'e-7' },
  });
  expect(eventOf(realtimeError(refused)).error.event_id).toBeNull();
});

test('Live quotes it as client_event_id', () => {
  expect(eventOf(liveError(refused, event))).toEqual({
    type: 'error',
    event_id: id,
    error: { ...body, client_event_id: 'e-7' },
    client_event_id: 'e-7',
  });
  expect(eventOf(liveError(refused))).toEqual({ type: 'error', event_id: id, error: body });
});

test('Responses has a status, and names the lane', () => {
  expect(eventOf(responsesError(refused, event))).toEqual({
    type: 'error',
    status: 403,
    error: body,
    stream_id: 's-1',
  });
  const duplicate = eventOf(responsesError({ ...refused, code: 'duplicate_key' }));
  expect(duplicate).toEqual({ type: 'error', status: 400, error: { ...body, code: 'duplicate_key' } });
});

test('an id that the guard found comes before one in the frame', () => {
  expect(eventOf(realtimeError({ ...refused, eventId: 'e-1' }, event)).error.event_id).toBe('e-1');
});

test.each([
  frameOf('not JSON'),
  frameOf({ event_id: 7, stream_id: {} }),
  frameOf({ event_id: 'e'.repeat(600), stream_id: 's'.repeat(600) }),
])('a value that is no id is not quoted', (frame) => {
  expect(eventOf(realtimeError(refused, frame)).error.event_id).toBeNull();
  expect(eventOf(liveError(refused, frame))).not.toHaveProperty('client_event_id');
  expect(eventOf(responsesError(refused, frame))).not.toHaveProperty('stream_id');
});
