// All simulators under random events, valid and damaged: none throws, and every response that begins also ends.

import { describe, expect, test } from 'vitest';
import { concatSamples, pcm16Bytes } from '../../../codecs/audio/pcm16.ts';
import { encodeBase64 } from '../../../codecs/text/base64.ts';
import { at, Dialogue, type Event, silence, tone } from '../../support/dialogue.ts';
import { type Random, seededRandom } from '../../support/random.ts';

const speech = (rate: number) => encodeBase64(pcm16Bytes(concatSamples([tone(600, rate), silence(700, rate)])));
const piece = (rate: number) => encodeBase64(pcm16Bytes(tone(200, rate)));
const parameters = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] };
const tools = [{ type: 'function', name: 'f', parameters }];
const content = [{ type: 'input_text', text: 'hello' }];
const item = { type: 'message', role: 'user', id: 'mine', content };

const realtimeEvents: readonly Event[] = [
  { type: 'input_audio_buffer.append', audio: speech(24_000) },
  { type: 'input_audio_buffer.append', audio: piece(24_000) },
  { type: 'input_audio_buffer.commit' },
  { type: 'input_audio_buffer.clear' },
  { type: 'session.update', session: { type: 'realtime', audio: { input: { turn_detection: null } } } },
  {
    type: 'session.update',
    session: { type: 'realtime', audio: { input: { turn_detection: { type: 'semantic_vad' } } } },
  },
  { type: 'session.update', session: { type: 'realtime', audio: { input: { format: { type: 'audio/pcmu' } } } } },
  { type: 'session.update', session: { type: 'realtime', output_modalities: ['text'], tools } },
  {
    type: 'session.update',
    session: { type: 'realtime', audio: { input: { transcription: { model: 'whisper-1' } } } },
  },
  { type: 'conversation.item.create', item },
  { type: 'conversation.item.create', item: { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' } },
  { type: 'conversation.item.create', item: { type: 'function_call_output', call_id: 'c', output: 'done' } },
  { type: 'conversation.item.retrieve', item_id: 'mine' },
  { type: 'conversation.item.truncate', item_id: 'mine', content_index: 0, audio_end_ms: 100 },
  { type: 'conversation.item.delete', item_id: 'mine' },
  { type: 'response.create' },
  { type: 'response.create', response: { conversation: 'none', input: [item], max_output_tokens: 20 } },
  { type: 'response.cancel' },
];

const responsesEvents: readonly Event[] = [
  { type: 'response.create', model: 'm', input: 'hello' },
  { type: 'response.create', model: 'm', input: [{ role: 'user', content }], tools, stream_id: 'a' },
  { type: 'response.create', model: 'm', input: 'x', previous_response_id: 'resp_x', max_output_tokens: 3 },
  { type: 'response.steer', previous_response_id: 'resp_x', input: 'x' },
];

const audio = (data: string) => ({ data, mimeType: 'audio/pcm;rate=16000' });
const liveEvents: readonly Event[] = [
  { realtimeInput: { audio: audio(speech(16_000)) } },
  { realtimeInput: { audio: audio(piece(16_000)) } },
  { realtimeInput: { text: 'hello' } },
  { realtimeInput: { audioStreamEnd: true } },
  { clientContent: { turns: [{ parts: [{ text: 'hello' }] }], turnComplete: true } },
  { toolResponse: { functionResponses: [{ id: 'x', name: 'f', response: {} }] } },
  { contextUpdate: { tools: [{ functionDeclarations: [{ name: 'f', parameters }] }] } },
];

const odd: readonly unknown[] = [null, 0, -1, 1e99, true, '', 'x', '\u0000', [], {}, [[]], { type: 'x' }, '__proto__'];

/** The event with one of its values, at any depth, replaced or removed. */
function damaged(event: unknown, random: Random): unknown {
  if (typeof event !== 'object' || event === null || random.below(4) === 0) return random.pick(odd);
  const keys = Object.keys(event);
  if (keys.length === 0) return random.pick(odd);
  const key = random.pick(keys);
  const copy: Record<string, unknown> = Array.isArray(event) ? ([...event] as never) : { ...event };
  if (random.below(5) === 0) delete copy[key];
  else copy[key] = damaged(copy[key], random);
  return copy;
}

function play(path: string, events: readonly Event[], random: Random, first: Event[] = []): Dialogue {
  const times = { firstAudioMs: 50, firstTextMs: 20, tokenMs: 5, audioSpeed: 10, transcriptionMs: 30 };
  const dialogue = new Dialogue(path, { options: { times, goAway: { afterMs: 3_600_000 } } });
  for (const event of first) dialogue.send(event);
  for (let i = 0; i < 40 && !dialogue.closed; i++) {
    const event = random.pick(events);
    dialogue.send(
      random.below(4) === 0 ? JSON.stringify(damaged(event, random) ?? null) : event,
      random.below(50) === 0,
    );
    dialogue.advance(random.pick([0, 10, 100, 1000]));
  }
  return dialogue;
}

const seeds = Array.from({ length: 60 }, (_, seed) => seed);

describe('OpenAI Realtime', () => {
  test.each(seeds)('stays open, ends every response once, and reports usage that adds up, with the seed %d', (seed) => {
    const dialogue = play('/v1/realtime?model=m', realtimeEvents, seededRandom(seed));
    dialogue.advance(120_000);
    expect(dialogue.closed).toBeUndefined();
    const ids = (type: string) => dialogue.all(type).map((event) => at(event, 'response.id'));
    expect(ids('response.done').sort()).toEqual(ids('response.created').sort());
    for (const done of dialogue.all('response.done')) {
      const usage = at(done, 'response.usage') as Record<string, number>;
      expect(usage.total_tokens).toBe((usage.input_tokens ?? 0) + (usage.output_tokens ?? 0));
      expect(at(usage, 'input_token_details.cached_tokens')).toBeLessThanOrEqual(usage.input_tokens ?? 0);
    }
    const opened = dialogue.all('response.output_item.added').map((event) => at(event, 'item.id'));
    expect(
      dialogue
        .all('response.output_item.done')
        .map((event) => at(event, 'item.id'))
        .sort(),
    ).toEqual(opened.sort());
    dialogue.simulator.ended();
  });
});

describe('Responses', () => {
  test.each(seeds)('stays open and ends every response once, with the seed %d', (seed) => {
    const dialogue = play('/v1/responses', responsesEvents, seededRandom(seed));
    dialogue.advance(120_000);
    expect(dialogue.closed).toBeUndefined();
    const ended = dialogue.all('response.completed').length + dialogue.all('response.incomplete').length;
    expect(ended).toBe(dialogue.all('response.created').length);
    dialogue.simulator.ended();
  });
});

const stage = { provider: { type: 'some', model: 'm' } };
const agentEvents: readonly Event[] = [
  { type: 'InjectUserMessage', content: 'call f' },
  { type: 'InjectAgentMessage', message: 'hello', behavior: 'queue' },
  { type: 'UpdateThink', think: { ...stage, functions: [{ name: 'f', parameters }] } },
  { type: 'UpdateSpeak', speak: [stage] },
  { type: 'FunctionCallResponse', id: 'x', name: 'f', content: '{}' },
  { type: 'ForceEndTurn' },
  { type: 'KeepAlive' },
];

describe("Deepgram's agent", () => {
  test.each(seeds)('says why it closes, with the seed %d', (seed) => {
    const settings = { type: 'Settings', audio: {}, agent: { think: stage } };
    const dialogue = play('/v1/agent/converse', agentEvents, seededRandom(seed), [settings]);
    dialogue.advance(60_000);
    const error = dialogue.one('Error');
    expect(dialogue.closed).toEqual({ code: 1011, reason: error.code });
    expect(String(error.description).length).toBeGreaterThan(10);
    dialogue.simulator.ended();
    expect(dialogue.simulator.wakeAtMs).toBeUndefined();
  });
});

describe('Gemini Live', () => {
  const path = '/ws/google.ai.generativelanguage.v1.GenerativeService.BidiGenerateContent';

  test.each(seeds)('closes only with a code and a reason, with the seed %d', (seed) => {
    const dialogue = play(path, liveEvents, seededRandom(seed), [{ setup: { model: 'models/m' } }]);
    dialogue.advance(60_000);
    if (dialogue.closed) {
      expect(dialogue.closed.code).toBe(1007);
      expect(dialogue.closed.reason.length).toBeGreaterThan(10);
      expect(Buffer.byteLength(dialogue.closed.reason)).toBeLessThanOrEqual(123);
    }
    dialogue.simulator.ended();
    expect(dialogue.simulator.wakeAtMs).toBeUndefined();
  });
});
