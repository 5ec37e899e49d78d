// The model policy: no frame gets past it with a model that it names, and no innocent frame is stopped.

import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Dialect } from '../../../../adapters/realtime/contract/dialect.ts';
import { audioLookAlikes } from '../../../support/model-policy/audio-look-alikes.ts';
import * as corpus from '../../../support/model-policy/frames.ts';
import { innocent } from '../../../support/model-policy/innocent.ts';
import {
  geminiBypasses,
  liveBypasses,
  openModels,
  responsesBypasses,
  translationBypasses,
} from '../../../support/model-policy/other-bypasses.ts';
import { realtimeBypasses } from '../../../support/model-policy/realtime-bypasses.ts';
import { seededRandom } from '../../../support/random.ts';
import { randomObject, randomText } from '../../../support/random-json.ts';

const bypasses = [
  ...realtimeBypasses,
  ...audioLookAlikes,
  ...liveBypasses,
  ...responsesBypasses,
  ...geminiBypasses,
  ...translationBypasses,
];
const dialects = [corpus.realtime, corpus.translation, corpus.live, corpus.responses, corpus.gemini];

function guard(dialect: Dialect, data: Buffer, binary = false) {
  return dialect.modelsIn({ data, binary, at: 0 });
}

/** Outcome that a key for the model `allowed` gets to see: refused by the dialect, refused for a model, or passed. */
function verdict(dialect: Dialect, data: Buffer, binary = false): string {
  const named = guard(dialect, data, binary);
  if (named === undefined) return 'passed';
  if ('code' in named) return named.code;
  const other = named.find((model) => model !== 'allowed');
  return other === undefined ? 'passed' : `names ${other}`;
}

test('every bypass of the corpus names the forbidden model', () => {
  expect(bypasses.length).toBeGreaterThanOrEqual(100);
});

describe.each(['text', 'binary'])('the guard, in a %s frame,', (opcode) => {
  test.each(bypasses)('stops %s', (_what, dialect, payload) => {
    const outcomes = [`names ${corpus.FORBIDDEN}`, 'model_not_allowed', 'duplicate_key', 'unreadable_event'];
    expect(outcomes).toContain(verdict(dialect, corpus.bytesOf(payload), opcode === 'binary'));
  });

  test.each(openModels)('stops %s, which leaves its model open', (_what, dialect, payload) => {
    expect(guard(dialect, corpus.bytesOf(payload), opcode === 'binary')).toContain('');
  });

  test.each(innocent)('lets %s pass', (_what, dialect, payload) => {
    expect(guard(dialect, corpus.bytesOf(payload), opcode === 'binary')).toBeUndefined();
  });
});

describe('the guard', () => {
  test('names every model of a frame', () => {
    const session = { model: 'a', audio: { input: { transcription: { model: 'b' } } } };
    const data = corpus.bytesOf({ type: 'session.update', session });
    expect([...(guard(corpus.realtime, data) as string[])].sort()).toEqual(['a', 'b']);
  });

  test('names Gemini models as key lists do, without the collection', () => {
    expect(guard(corpus.gemini, corpus.bytesOf({ setup: { model: 'models/gemini-a' } }))).toEqual(['gemini-a']);
    expect(guard(corpus.gemini, corpus.bytesOf({ setup: { model: 'gemini-a' } }))).toEqual(['gemini-a']);
    expect(guard(corpus.gemini, corpus.bytesOf({ setup: { model: 'tunedModels/a' } }))).toEqual(['tunedModels/a']);
  });

  test('does not take an open model for an allowed one', () => {
    const data = corpus.bytesOf({ type: 'response.create', response: { model: 'allowed' } });
    expect(verdict(corpus.responses, data)).toBe('names ');
  });

  test.each([
    ['{"event_id":"e-7","session":{"model":1}}', 'model_not_allowed', 'e-7'],
    ['{"event_id":"e-7","a":1,"a":2}', 'duplicate_key', 'e-7'],
    ['{"event_id":7,"a":1,"a":2}', 'duplicate_key', undefined],
    [`{"event_id":"${'e'.repeat(600)}","a":1,"a":2}`, 'duplicate_key', undefined],
    ['{"event_id":"e-7","model":NaN}', 'unreadable_event', undefined],
  ])('says why it refuses %.40j, and which event', (text, code, eventId) => {
    const refused = guard(corpus.realtime, Buffer.from(text));
    if (refused === undefined || !('code' in refused)) throw new Error('not refused');
    expect(refused).toMatchObject({ code, message: expect.stringMatching(/^\S.*\S$/) });
    expect(refused.eventId).toBe(eventId);
  });

  test.each([
    [corpus.realtime, { type: 'input_audio_buffer.append', audio: corpus.AA }],
    [corpus.live, { type: 'session.input_audio.append', audio: corpus.AA, event_id: 'e' }],
    [corpus.translation, { audio: corpus.AA, type: 'session.input_audio_buffer.append' }],
    [corpus.gemini, { realtimeInput: { audio: { data: corpus.AA, mimeType: 'audio/pcm' } } }],
    [corpus.gemini, { realtime_input: { audio: { mime_type: 'audio/pcm', data: corpus.AA } } }],
  ])('does not parse audio of %o', (dialect, event) => {
    const data = corpus.bytesOf(event);
    const parse = vi.spyOn(JSON, 'parse');
    onTestFinished(() => parse.mockRestore());
    expect(guard(dialect, data)).toBeUndefined();
    expect(parse).not.toHaveBeenCalled();
    guard(dialect, Buffer.from('{}'));
    expect(parse).toHaveBeenCalledOnce();
  });

  test.each([
    [corpus.realtime, '{"type":"input_audio_buffer.append","audio":"QUJ\\/"}'],
    [corpus.gemini, '{"realtimeInput":{"audio":{"data":"QUJ\\/","mimeType":"audio/pcm"}}}'],
  ])('parses audio that has an escape, which base64 has not: %o %s', (dialect, text) => {
    const parse = vi.spyOn(JSON, 'parse');
    onTestFinished(() => parse.mockRestore());
    expect(guard(dialect, Buffer.from(text))).toBeUndefined();
    expect(parse).toHaveBeenCalled();
  });

  test('gives the same verdict for audio shapes as a parse of them', () => {
    const random = seededRandom(5);
    const pieces: readonly (readonly [key: string, member: string])[] = [
      ['type', '"type":"input_audio_buffer.append"'],
      ['type', '"type":"input_audio_buffer.append"'],
      ['type', '"type":"session.update"'],
      ['type', '"typ\\u0065":"input_audio_buffer.append"'],
      ['audio', '"audio":"QUJD"'],
      ['audio', '"audio":"QUJD"'],
      ['audio', '"audio":"QU\\"JD"'],
      ['audio', '"audio":["QUJD"]'],
      ['audio', '"audio":"QUJD\\\\"'],
      ['event_id', '"event_id":"e"'],
      ['event_id', '"event_id":"\\""'],
      ['event_id', '"event_id":null'],
      ['session', '"session":{"model":"forbidden-9"}'],
      ['session', '"session":null'],
      ['model', '"model":"forbidden-9"'],
    ];
    const seen = new Set<string>();
    for (let round = 0; round < 20_000; round++) {
      const members = Array.from({ length: 1 + random.below(4) }, () => random.pick(pieces));
      const separator = random.pick([',', ', ', ' ,\n']);
      const text = `{${members.map(([, member]) => member).join(separator)}}${random.pick(['', '', ' ', '}'])}`;
      const expected = referenceVerdict(text, new Set(members.map(([key]) => key)).size < members.length);
      seen.add(expected);
      expect(verdict(corpus.realtime, Buffer.from(text)), text).toBe(expected);
    }
    expect([...seen].sort()).toEqual(['duplicate_key', 'names forbidden-9', 'passed', 'unreadable_event']);
  });

  test('finds the session model of 10,000 random events, however they are written', () => {
    const random = seededRandom(6);
    for (let round = 0; round < 10_000; round++) {
      const { model: _, ...rest } = randomObject(random, 3);
      const text = randomText(random, { ...rest, session: { ...randomObject(random, 2), model: corpus.FORBIDDEN } });
      expect(verdict(corpus.realtime, Buffer.from(text)), text).toBe(`names ${corpus.FORBIDDEN}`);
    }
  });

  test('never throws, whatever the bytes', () => {
    const random = seededRandom(7);
    const seeds = [...bypasses, ...innocent].map(([, , payload]) => corpus.bytesOf(payload));
    const small = seeds.filter((data) => data.length < 5000);
    for (let round = 0; round < 10_000; round++) {
      const data = Buffer.from(random.pick(small));
      const hostile = data.subarray(random.below(3), random.below(data.length + 1));
      for (let flips = random.below(4); flips > 0 && hostile.length > 0; flips--) {
        hostile[random.below(hostile.length)] = random.below(256);
      }
      for (const dialect of dialects) expect(() => verdict(dialect, hostile), hostile.toString('latin1')).not.toThrow();
    }
  });

  test('lets random bytes pass, since they name nothing', () => {
    const random = seededRandom(8);
    for (let round = 0; round < 200; round++) {
      const data = random.bytes(1 + random.below(20_000));
      for (const dialect of dialects) expect(guard(dialect, data)).toBeUndefined();
    }
  });
});

/** The verdict by the simplest means: a parse of everything. */
function referenceVerdict(text: string, hasDuplicate: boolean): string {
  try {
    const event = JSON.parse(text) as { model?: unknown; session?: { model?: unknown } | null };
    if (hasDuplicate) return 'duplicate_key';
    const model = event.model ?? event.session?.model;
    return model === undefined ? 'passed' : `names ${String(model)}`;
  } catch {
    return /model|\\u0065/.test(text) ? 'unreadable_event' : 'passed';
  }
}
