// Settings of sessions and responses in the vocabulary of today and of the beta.

import { describe, expect, test } from 'vitest';
import {
  betaPath,
  betaSettings,
  pathOfToday,
  settingsOfToday,
} from '../../../../../adapters/realtime/openai/vocabulary/settings.ts';
import type { JsonObject } from '../../../../../codecs/json/object.ts';
import { type Random, seededRandom } from '../../../../support/random.ts';
import { randomValue } from '../../../../support/random-json.ts';

const today = {
  model: 'm',
  instructions: 'Be brief.',
  output_modalities: ['audio'],
  max_output_tokens: 'inf',
  audio: {
    input: {
      format: { type: 'audio/pcm', rate: 24_000 },
      noise_reduction: { type: 'near_field' },
      transcription: { model: 'whisper-1', language: 'de' },
      turn_detection: { type: 'server_vad', threshold: 0.5 },
    },
    output: { format: { type: 'audio/pcmu' }, voice: 'marin', speed: 1.25 },
  },
  tools: [{ type: 'function', name: 'f', parameters: { type: 'object', properties: { voice: { type: 'string' } } } }],
};
const beta = {
  model: 'm',
  instructions: 'Be brief.',
  modalities: ['text', 'audio'],
  max_response_output_tokens: 'inf',
  tools: today.tools,
  input_audio_format: 'pcm16',
  input_audio_noise_reduction: { type: 'near_field' },
  input_audio_transcription: { model: 'whisper-1', language: 'de' },
  turn_detection: { type: 'server_vad', threshold: 0.5 },
  output_audio_format: 'g711_ulaw',
  voice: 'marin',
  speed: 1.25,
};

test('each setting has its place in both', () => {
  expect(betaSettings(today)).toEqual(beta);
  expect(settingsOfToday(beta)).toEqual(today);
});

test.each([
  ['nothing', {}, {}],
  ['what is cleared', { audio: { input: { turn_detection: null } } }, { turn_detection: null }],
  ['text alone', { output_modalities: ['text'] }, { modalities: ['text'] }],
  ['a voice by its id', { audio: { output: { voice: { id: 'v' } } } }, { voice: { id: 'v' } }],
  [
    'sound at another rate, as Voice Live names it',
    { audio: { input: { format: { type: 'audio/pcm', rate: 16_000 } } } },
    { input_audio_format: 'pcm16', input_audio_sampling_rate: 16_000 },
  ],
  [
    'sound at another rate that is spoken',
    { audio: { output: { format: { type: 'audio/pcm', rate: 8000 } } } },
    { output_audio_format: 'pcm16_8000hz' },
  ],
  [
    'what only one of them knows, at any depth',
    { truncation: 'auto', audio: { input: { gain: 2 }, output: { tone: 'x' }, room: 'r' } },
    { truncation: 'auto', audio: { input: { gain: 2 }, output: { tone: 'x' }, room: 'r' } },
  ],
  ['sound that is no object', { audio: 'loud' }, { audio: 'loud' }],
  ['a format that nobody knows', { audio: { input: { format: 'opus' } } }, { input_audio_format: 'opus' }],
  [
    'a format with more to it',
    { audio: { input: { format: { type: 'audio/pcm', rate: 24_000, channels: 2 } } } },
    { input_audio_format: { type: 'audio/pcm', rate: 24_000, channels: 2 } },
  ],
])('%s goes there and comes back', (_what, nested, flat) => {
  expect(betaSettings(nested)).toEqual(flat);
  expect(settingsOfToday(flat)).toEqual(nested);
});

test('a response that is told of has one name for its most tokens', () => {
  const response = { status: 'completed', output_modalities: ['audio'], max_output_tokens: 5 };
  expect(betaSettings(response, 'told')).toEqual({
    status: 'completed',
    modalities: ['text', 'audio'],
    max_output_tokens: 5,
  });
  expect(settingsOfToday(betaSettings(response, 'told'), 'told')).toEqual(response);
});

test("a key that is JavaScript's own is a key like any other", () => {
  const given = JSON.parse('{"__proto__":{"voice":"x"},"constructor":1,"audio":{"__proto__":{"a":1}}}');
  expect(JSON.stringify(betaSettings(given))).toBe(JSON.stringify(given));
  expect(JSON.stringify(settingsOfToday(given))).toBe(JSON.stringify(given));
});

const formats = [{ type: 'audio/pcm', rate: 24_000 }, { type: 'audio/pcmu' }, { type: 'audio/pcma' }];

/** A session of today with any of what both vocabularies have. */
function randomSession(random: Random): JsonObject {
  const some = (settings: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(Object.entries(settings).filter(() => random.below(2) === 0));
  const audio = some({
    input: some({
      format: random.pick(formats),
      noise_reduction: random.pick([null, { type: 'far_field' }]),
      transcription: random.pick([null, { model: 'whisper-1' }]),
      turn_detection: random.pick([null, { type: 'semantic_vad', eagerness: 'low' }]),
    }),
    output: some({ format: random.pick(formats), voice: random.pick(['marin', { id: 'v' }]), speed: 1.5 }),
  });
  return {
    ...some({
      ...{ output_modalities: random.pick([['audio'], ['text']]), max_output_tokens: random.pick(['inf', 5]) },
      ...{ model: 'm', instructions: '', tools: [randomValue(random, 3)], tool_choice: 'auto', tracing: null },
    }),
    // An empty object says nothing, and is not told.
    ...Object.fromEntries(
      [
        [
          'audio',
          Object.fromEntries(Object.entries(audio).filter(([, value]) => Object.keys(value as object).length > 0)),
        ],
      ].filter(([, value]) => Object.keys(value as object).length > 0),
    ),
  };
}

test.each(Array.from({ length: 200 }, (_, seed) => seed))(
  'random settings are the same once there and back (seed %i)',
  (seed) => {
    const session = randomSession(seededRandom(seed));
    expect(settingsOfToday(betaSettings(session))).toEqual(session);
  },
);

describe('the path of a field', () => {
  test.each([
    ['session.audio.input.turn_detection.threshold', 'session.turn_detection.threshold'],
    ['session.audio.output.voice', 'session.voice'],
    ['session.output_modalities[0]', 'session.modalities[0]'],
    ['response.max_output_tokens', 'response.max_response_output_tokens'],
    ['session.tools[0].name', 'session.tools[0].name'],
    ['session.audio', 'session.audio'],
    ['item.content[0].type', 'item.content[0].type'],
    ['type', 'type'],
  ])('%s is %s in the beta', (nested, flat) => {
    expect(betaPath(nested)).toBe(flat);
    expect(pathOfToday(flat)).toBe(nested);
  });
});
