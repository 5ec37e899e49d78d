// Messages between a client of the beta and a provider that speaks the vocabulary of today.

import { describe, expect, test } from 'vitest';
import { translateForBeta } from '../../../../../adapters/realtime/openai/vocabulary/beta-clients.ts';
import { frameOf, saidOf } from '../../../../support/translated.ts';

const { asked, told } = saidOf(translateForBeta);

describe('a client asks', () => {
  test('for a session, which is one of speech, and of which a provider takes no temperature', () => {
    const session = { voice: 'alloy', temperature: 0.8, turn_detection: null };
    expect(asked({ event_id: 'e', type: 'session.update', session })).toEqual({
      event_id: 'e',
      type: 'session.update',
      session: { type: 'realtime', audio: { input: { turn_detection: null }, output: { voice: 'alloy' } } },
    });
  });

  test('for a session that transcribes', () => {
    const session = { modalities: ['text'], input_audio_format: 'pcm16', include: ['item.x'] };
    expect(asked({ type: 'transcription_session.update', session })).toEqual({
      type: 'session.update',
      session: {
        type: 'transcription',
        include: ['item.x'],
        audio: { input: { format: { type: 'audio/pcm', rate: 24_000 } } },
      },
    });
  });

  test('for a response, with what was said before', () => {
    const user = { type: 'message', role: 'user', content: [{ type: 'text', text: 'a' }] };
    const said = (type: string) => ({ type: 'message', role: 'assistant', content: [{ type, text: 'b' }] });
    const response = { modalities: ['text'], voice: 'ash', temperature: 1, max_response_output_tokens: 9 };
    expect(asked({ type: 'response.create', response: { ...response, input: [user, said('text')] } })).toEqual({
      type: 'response.create',
      response: {
        output_modalities: ['text'],
        max_output_tokens: 9,
        audio: { output: { voice: 'ash' } },
        input: [user, said('output_text')],
      },
    });
  });

  test('for an item of the assistant', () => {
    const item = (type: string) => ({ type: 'message', role: 'assistant', content: [{ type, text: 'b' }] });
    expect(asked({ type: 'conversation.item.create', previous_item_id: 'root', item: item('text') })).toEqual({
      type: 'conversation.item.create',
      previous_item_id: 'root',
      item: item('output_text'),
    });
  });

  test.each([
    '{"type":"input_audio_buffer.append","audio":"AAAA"}',
    '{"type":"response.create"}',
    '{"type":"response.cancel"}',
    '{"type":"session.update","session":"none"}',
    '{"type":"session.update","session":{',
    '{"type":"session.update","type":"response.create","session":{}}',
    '{"type":"a.thing","session":{"voice":"x"}}',
    '{"session":{"voice":"x"}}',
    '[]',
    'no JSON',
    '',
  ])('in bytes that stay as they are: %s', (text) => {
    expect(translateForBeta().fromClient(frameOf(text))).toBeUndefined();
  });
});

describe('a provider tells', () => {
  test.each([
    ['response.output_audio.delta', 'response.audio.delta'],
    ['response.output_audio.done', 'response.audio.done'],
    ['response.output_audio_transcript.delta', 'response.audio_transcript.delta'],
    ['response.output_audio_transcript.done', 'response.audio_transcript.done'],
    ['response.output_text.delta', 'response.text.delta'],
    ['response.output_text.done', 'response.text.done'],
  ])('%s under the name %s, and all other bytes stay', (name, known) => {
    const text = (type: string) =>
      `{ "event_id":"e\\u00e9", "type" : "${type}","delta":"AAE${'/+A='.repeat(9000)}", "n":1.0e2}`;
    const [said, ...more] = translateForBeta().fromProvider(frameOf(text(name))) ?? [];
    expect(said?.data.toString()).toBe(text(known));
    expect(more).toEqual([]);
  });

  test('of its session in flat settings', () => {
    const session = { type: 'realtime', object: 'realtime.session', id: 's', audio: { output: { voice: 'v' } } };
    expect(told({ type: 'session.created', event_id: 'e', session })).toEqual([
      { type: 'session.created', event_id: 'e', session: { object: 'realtime.session', id: 's', voice: 'v' } },
    ]);
  });

  test('of a session that transcribes by events of its own', () => {
    const session = { type: 'transcription', audio: { input: { transcription: { model: 'whisper-1' } } } };
    expect(told({ type: 'session.updated', session })).toEqual([
      { type: 'transcription_session.updated', session: { input_audio_transcription: { model: 'whisper-1' } } },
    ]);
  });

  test('of an item once, with the words of the assistant', () => {
    const { told: say } = saidOf(translateForBeta);
    const item = (type: string) => ({ id: 'i', role: 'assistant', content: [{ type, transcript: 'a' }] });
    const added = { type: 'conversation.item.added', event_id: 'e', previous_item_id: 'h' };
    expect(say({ ...added, item: item('output_audio') })).toEqual([
      { ...added, type: 'conversation.item.created', item: item('audio') },
    ]);
    expect(say({ type: 'conversation.item.done', item: item('output_audio') })).toEqual([]);
    // One whose beginning was never told is told at its end.
    expect(say({ type: 'conversation.item.done', item: item('output_audio') })).toEqual([
      { type: 'conversation.item.created', item: item('audio') },
    ]);
  });

  test('of an item by the old name, as some providers do', () => {
    const { told: say } = saidOf(translateForBeta);
    const event = (type: string) => ({
      type: 'conversation.item.created',
      item: { id: 'i', role: 'assistant', content: [{ type }] },
    });
    expect(say(event('output_text'))).toEqual([event('text')]);
    expect(say({ type: 'conversation.item.done', item: { id: 'i' } })).toEqual([]);
  });

  test('of a response with its items and settings', () => {
    const response = {
      id: 'r',
      output_modalities: ['audio'],
      audio: { output: { format: { type: 'audio/pcma' }, voice: 'v' } },
      max_output_tokens: 'inf',
      output: [{ role: 'assistant', content: [{ type: 'output_text', text: 'a' }] }, { type: 'function_call' }],
      usage: { total_tokens: 3 },
    };
    expect(told({ type: 'response.done', response })).toEqual([
      {
        type: 'response.done',
        response: {
          id: 'r',
          modalities: ['text', 'audio'],
          output_audio_format: 'g711_alaw',
          voice: 'v',
          max_output_tokens: 'inf',
          output: [{ role: 'assistant', content: [{ type: 'text', text: 'a' }] }, { type: 'function_call' }],
          usage: { total_tokens: 3 },
        },
      },
    ]);
  });

  test.each(['output_audio', 'audio'])('of a part of a reply by its old name (%s)', (type) => {
    const event = { type: 'response.content_part.added', part: { type, transcript: '' } };
    expect(told(event)).toEqual([{ ...event, part: { type: 'audio', transcript: '' } }]);
  });

  test('of an error in a field as the client knows it', () => {
    const error = (field: string) => ({ type: 'e', message: `Invalid value: 2 for '${field}'.`, param: field });
    expect(told({ type: 'error', error: error('session.audio.input.turn_detection.threshold') })).toEqual([
      { type: 'error', error: error('session.turn_detection.threshold') },
    ]);
  });

  test.each([
    '{"type":"rate_limits.updated","rate_limits":[]}',
    '{"type":"error","error":{"param":null,"message":"x"}}',
    '{"type":"response.output_audio.delta"',
    '{"type":"conversation.item.added","item":',
    'no JSON',
  ])('in bytes that stay as they are: %s', (text) => {
    const said = translateForBeta().fromProvider(frameOf(text));
    expect(said?.map(({ data }) => data.toString()) ?? text).toEqual(
      text.includes('output_audio') ? [text.replace('output_audio', 'audio')] : text,
    );
  });

  test('of more items than are kept in mind, without an end', () => {
    const { told: say } = saidOf(translateForBeta);
    for (let at = 0; at <= 1000; at++) say({ type: 'conversation.item.added', item: { id: `i${at}` } });
    expect(say({ type: 'conversation.item.done', item: { id: 'i1000' } })).toEqual([]);
    expect(say({ type: 'conversation.item.done', item: { id: 'i0' } })).toHaveLength(1);
  });
});
