// The messages of a Gemini Live client, in both spellings.

import { describe, expect, test } from 'vitest';
import {
  readClientContent,
  readMessage,
  readRealtimeInput,
  readToolResponse,
} from '../../../../adapters/simulators/gemini/messages.ts';
import { connectLive } from '../../../support/live-dialogue.ts';

const read = (json: unknown) => {
  const data = Buffer.from(typeof json === 'string' ? json : JSON.stringify(json));
  return readMessage({ data, binary: false, at: 0 });
};

test('keys in snake_case are read like keys in camelCase', () => {
  const camel = { clientContent: { turns: [{ parts: [{ inlineData: { mimeType: 'x' } }] }], turnComplete: true } };
  const snake = { client_content: { turns: [{ parts: [{ inline_data: { mime_type: 'x' } }] }], turn_complete: true } };
  expect(read(snake)).toEqual(read(camel));
});

test("the client's own values keep their spelling", () => {
  const response = { air_temperature: { in_celsius: 21 } };
  expect(read({ tool_response: { function_responses: [{ id: 'a', response }] } })).toEqual({
    kind: 'toolResponse',
    value: { functionResponses: [{ id: 'a', response }] },
  });
});

test.each([
  ['no JSON', '{"setup":', 'Invalid JSON payload received.'],
  ['a list', '[]', 'Invalid JSON payload received.'],
  ['an unknown name', { start: {} }, 'Unknown name "start"'],
  ['nothing', {}, 'exactly one message'],
  ['two messages', { clientContent: {}, realtimeInput: {} }, 'exactly one message'],
])('%s closes the connection', (_, json, reason) => {
  expect(() => read(json)).toThrow(expect.objectContaining({ code: 1007, message: expect.stringContaining(reason) }));
});

describe('realtimeInput', () => {
  test('reads audio in either alphabet of base64, padded or not', () => {
    const expected = [{ samples: Int16Array.of(-5, -1), sampleRateHz: 16_000 }];
    for (const data of ['+////w==', '-____w==', '-____w']) {
      const input = readRealtimeInput({ audio: { data, mimeType: 'audio/pcm;rate=16000' } });
      expect(input).toMatchObject({ audio: expected });
    }
  });

  test('counts images and reads audio', () => {
    const mediaChunks = [
      { data: '', mimeType: 'image/jpeg' },
      { data: 'AAA=', mimeType: 'audio/pcm;rate=24000' },
    ];
    const input = readRealtimeInput({ mediaChunks, video: { data: '', mimeType: 'image/jpeg' } });
    expect(input).toMatchObject({ images: 2, audio: [{ sampleRateHz: 24_000 }] });
  });

  test.each([
    ['audio that is not base64', { audio: { data: '!', mimeType: 'audio/pcm' } }],
    ['another encoding', { audio: { data: '', mimeType: 'audio/opus' } }],
    ['a rate of nothing', { audio: { data: '', mimeType: 'audio/pcm;rate=0' } }],
    ['a rate that nobody has', { audio: { data: '', mimeType: 'audio/pcm;rate=16001' } }],
    ['audio without data', { audio: { mimeType: 'audio/pcm' } }],
    ['a text that is a number', { text: 5 }],
  ])('%s closes the connection', (_, value) => {
    expect(() => readRealtimeInput(value)).toThrow(
      expect.objectContaining({ code: 1007, message: expect.any(String) }),
    );
  });
});

test('a single turn and a single result are read as lists', () => {
  expect(readClientContent({ turns: { parts: [] } })).toEqual({ turns: [{ parts: [] }], turnComplete: false });
  expect(readToolResponse({ functionResponses: { id: 'a', response: 1 } })).toEqual([{ id: 'a', response: 1 }]);
});

test('a result without an id closes the connection', () => {
  expect(() => readToolResponse({ functionResponses: [{ response: 1 }] })).toThrow(
    expect.objectContaining({ code: 1007 }),
  );
});

test('a close reason is cut to the size of a close frame', () => {
  const dialogue = connectLive();
  dialogue.send({ ['\u00e9'.repeat(200)]: 1 });
  expect(Buffer.byteLength(dialogue.closed?.reason ?? '')).toBe(123);
});
