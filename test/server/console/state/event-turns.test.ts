// Tests to which turn each frame belongs, in all dialects and ways to speak.

import { expect, test } from 'vitest';
import { typeOf } from '../../../../server/console/state/event-log.ts';
import { EventTurns } from '../../../../server/console/state/event-turns.ts';

type Message = Record<string, unknown>;
const up = (message: Message) => ['upstream', message] as const;
const down = (message: Message) => ['downstream', message] as const;
const item = (type: string) => up({ type: 'conversation.item.create', item: { type } });
const create = up({ type: 'response.create' });
const done = (status = 'completed') => down({ type: 'response.done', response: { status } });
const event = (type: string) => down({ type });
const started = event('input_audio_buffer.speech_started');
const output = { type: 'function_call_output' };

type Frame = ReturnType<typeof up> | ReturnType<typeof down>;
const cases: readonly (readonly [what: string, frames: readonly (readonly [Frame, turn: number])[]])[] = [
  [
    'Realtime, written',
    [
      [event('session.created'), 0],
      [up({ type: 'session.update' }), 0],
      [item('message'), 1],
      [create, 1],
      [event('response.created'), 1],
      [done(), 1],
      [event('rate_limits.updated'), 1],
      [item('message'), 2],
    ],
  ],
  [
    'Realtime, with a tool',
    [
      [item('message'), 1],
      [create, 1],
      [done(), 1],
      [item('function_call_output'), 1],
      [create, 1],
      [event('response.created'), 1],
      [done(), 1],
      [create, 2],
    ],
  ],
  [
    'Realtime, spoken, with a barge-in and a transcript that is late',
    [
      [started, 1],
      [event('input_audio_buffer.committed'), 1],
      [event('response.created'), 1],
      [started, 2],
      [done('cancelled'), 2],
      [event('response.created'), 2],
      [done(), 2],
      [event('conversation.item.input_audio_transcription.completed'), 2],
      [started, 3],
    ],
  ],
  [
    'Realtime, push to talk',
    [
      [up({ type: 'input_audio_buffer.append' }), 0],
      [up({ type: 'input_audio_buffer.commit' }), 1],
      [create, 1],
      [done(), 1],
      [up({ type: 'input_audio_buffer.commit' }), 2],
    ],
  ],
  [
    'Responses, with a tool',
    [
      [up({ type: 'response.create', input: [{ type: 'message' }] }), 1],
      [event('response.created'), 1],
      [event('response.completed'), 1],
      [up({ type: 'response.create', input: [output] }), 1],
      [event('response.created'), 1],
      [event('response.completed'), 1],
      [up({ type: 'response.create', input: [{ type: 'message' }] }), 2],
      [event('response.failed'), 2],
    ],
  ],
  [
    'Gemini Live, written, with a tool',
    [
      [up({ setup: {} }), 0],
      [down({ setupComplete: {} }), 0],
      [up({ clientContent: {} }), 1],
      [down({ toolCall: {} }), 1],
      [up({ toolResponse: {} }), 1],
      [down({ serverContent: { modelTurn: {} } }), 1],
      [down({ serverContent: { turnComplete: true }, usageMetadata: {} }), 1],
      [up({ clientContent: {} }), 2],
    ],
  ],
  [
    'Gemini Live, spoken',
    [
      [up({ realtimeInput: { audio: {} } }), 0],
      [down({ serverContent: { inputTranscription: {} } }), 1],
      [down({ serverContent: { modelTurn: {} } }), 1],
      [down({ serverContent: { turnComplete: true } }), 1],
      [up({ realtimeInput: { audio: {} } }), 1],
      [down({ serverContent: { modelTurn: {} } }), 2],
      [up({ realtimeInput: { activityStart: {} } }), 3],
    ],
  ],
];

test.each(cases)('each frame belongs to its turn: %s', (_, frames) => {
  const turns = new EventTurns();
  const found = frames.map(([[direction, message]]) => turns.turnOf(direction, typeOf(message), message));
  expect(found).toEqual(frames.map(([, turn]) => turn));
});
