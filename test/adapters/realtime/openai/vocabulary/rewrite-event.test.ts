// Messages that were never meant to be: what translates them must neither fail nor take anything away.

import { expect, test } from 'vitest';
import { translateForBeta } from '../../../../../adapters/realtime/openai/vocabulary/beta-clients.ts';
import { translateForToday } from '../../../../../adapters/realtime/openai/vocabulary/ga-clients.ts';
import { seededRandom } from '../../../../support/random.ts';
import { randomObject, randomText, randomValue } from '../../../../support/random-json.ts';
import { frameOf } from '../../../../support/translated.ts';

const TYPES = [
  ...['session.update', 'session.created', 'session.updated', 'transcription_session.update', 'error'],
  ...['transcription_session.created', 'response.create', 'response.done', 'response.output_item.done'],
  ...['response.content_part.added', 'conversation.item.create', 'conversation.item.created'],
  ...['conversation.item.added', 'conversation.item.done', 'response.audio.delta', 'response.output_audio.delta'],
];
const KEYS = ['session', 'response', 'item', 'part', 'error'];
const INNER = [
  ...[
    'type',
    'audio',
    'input',
    'output',
    'format',
    'input_audio_format',
    'output_audio_format',
    'modalities',
    'content',
  ],
  ...['role', 'id', 'param', 'message', 'voice', 'turn_detection', 'input_audio_sampling_rate', 'output_modalities'],
];
/** Objects that no conversion to a text survives. */
const ODD: readonly unknown[] = [
  { toString: 1, valueOf: 1 },
  { type: { toString: null } },
  [[]],
  null,
  'assistant',
  'audio/pcm',
];

test.each(Array.from({ length: 300 }, (_, seed) => seed))('random events are read by both (seed %i)', (seed) => {
  const random = seededRandom(seed);
  const inner = (depth: number): unknown => {
    if (depth === 0 || random.below(4) === 0) return random.below(2) === 0 ? random.pick(ODD) : randomValue(random, 2);
    const given = Array.from({ length: 1 + random.below(4) }, () => [random.pick(INNER), inner(depth - 1)]);
    return { ...randomObject(random, 1), ...Object.fromEntries(given), role: random.pick(['assistant', 'user', 1]) };
  };
  const event = { ...randomObject(random, 1), type: random.pick(TYPES), [random.pick(KEYS)]: inner(4) };
  for (const translation of [translateForBeta(), translateForToday()])
    for (const text of [randomText(random, event), JSON.stringify(event).slice(0, random.below(40))]) {
      const passed = [translation.fromClient(frameOf(text)), ...(translation.fromProvider(frameOf(text)) ?? [])];
      const said = passed.filter((frame) => frame !== undefined && text.endsWith('}'));
      for (const frame of said) expect(() => JSON.parse(String(frame?.data))).not.toThrow();
    }
});
