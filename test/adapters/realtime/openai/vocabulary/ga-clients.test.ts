// Messages between a client of today and a provider that speaks the vocabulary of the beta.

import { describe, expect, test } from 'vitest';
import { translateForToday } from '../../../../../adapters/realtime/openai/vocabulary/ga-clients.ts';
import { frameOf, saidOf } from '../../../../support/translated.ts';

const { asked, told } = saidOf(translateForToday);

describe('a client asks', () => {
  test('for a session in flat settings, without its type', () => {
    const session = { type: 'realtime', output_modalities: ['audio'], audio: { output: { voice: 'v' } } };
    expect(asked({ type: 'session.update', event_id: 'e', session })).toEqual({
      type: 'session.update',
      event_id: 'e',
      session: { modalities: ['text', 'audio'], voice: 'v' },
    });
  });

  test('for a session that transcribes by the event of that', () => {
    const session = { type: 'transcription', audio: { input: { transcription: { model: 'whisper-1' } } } };
    expect(asked({ type: 'session.update', session })).toEqual({
      type: 'transcription_session.update',
      session: { input_audio_transcription: { model: 'whisper-1' } },
    });
  });

  test('for a response, and for items, in the words of the beta', () => {
    const item = (type: string) => ({ role: 'assistant', content: [{ type, text: 'b' }] });
    expect(
      asked({ type: 'response.create', response: { max_output_tokens: 5, input: [item('output_text')] } }).response,
    ).toEqual({ max_response_output_tokens: 5, input: [item('text')] });
    expect(asked({ type: 'conversation.item.create', item: item('output_audio') }).item).toEqual(item('audio'));
  });
});

describe('a provider tells', () => {
  test('of sound under its name of today, whose bytes stay', () => {
    const text = (type: string) => `{"type":"${type}", "delta":"${'/+A='.repeat(9000)}"}`;
    const said = translateForToday().fromProvider(frameOf(text('response.audio.delta')));
    expect(said?.map(({ data }) => data.toString())).toEqual([text('response.output_audio.delta')]);
  });

  test('of its session in nested settings, with its type', () => {
    expect(told({ type: 'session.updated', session: { id: 's', voice: 'v', temperature: 0.8 } })).toEqual([
      {
        type: 'session.updated',
        session: { type: 'realtime', id: 's', temperature: 0.8, audio: { output: { voice: 'v' } } },
      },
    ]);
    expect(told({ type: 'transcription_session.created', session: {} })).toEqual([
      { type: 'session.created', session: { type: 'transcription' } },
    ]);
  });

  test('of an item that is whole by its beginning and its end', () => {
    const item = { id: 'i', role: 'user', status: 'completed', content: [{ type: 'input_text', text: 'a' }] };
    const created = { type: 'conversation.item.created', event_id: 'e', previous_item_id: null, item };
    expect(told(created)).toEqual([
      { ...created, type: 'conversation.item.added' },
      { ...created, type: 'conversation.item.done', event_id: 'e_done' },
    ]);
  });

  test('of an item in progress by its beginning, and by its end once its part of the reply is done', () => {
    const { told: say } = saidOf(translateForToday);
    const item = { id: 'i', role: 'assistant', status: 'in_progress', content: [] };
    const created = { type: 'conversation.item.created', event_id: 'e', previous_item_id: 'h', item };
    expect(say(created)).toEqual([{ ...created, type: 'conversation.item.added' }]);
    const whole = (type: string) => ({ ...item, status: 'completed', content: [{ type, transcript: 'a' }] });
    const done = { type: 'response.output_item.done', event_id: 'f', response_id: 'r', item: whole('audio') };
    const end = { type: 'conversation.item.done', event_id: 'f_done', previous_item_id: 'h' };
    expect(say(done)).toEqual([
      { ...done, item: whole('output_audio') },
      { ...end, item: whole('output_audio') },
    ]);
    expect(say(done)).toEqual([{ ...done, item: whole('output_audio') }]);
  });

  test('of a response with its items and settings', () => {
    const response = { modalities: ['text'], voice: 'v', output: [{ role: 'assistant', content: [{ type: 'text' }] }] };
    expect(told({ type: 'response.done', response })).toEqual([
      {
        type: 'response.done',
        response: {
          output_modalities: ['text'],
          audio: { output: { voice: 'v' } },
          output: [{ role: 'assistant', content: [{ type: 'output_text' }] }],
        },
      },
    ]);
  });

  test('of an error in a field as the client knows it', () => {
    const error = (field: string) => ({ message: `Unknown voice in ${field}`, param: field });
    expect(told({ type: 'error', error: error('session.voice') })).toEqual([
      { type: 'error', error: error('session.audio.output.voice') },
    ]);
  });

  test('of items that are not objects as it does', () => {
    const events = [
      { type: 'conversation.item.created', item: 'i' },
      { type: 'response.output_item.done', item: null },
      { type: 'warning', warning: { code: 'x' } },
    ];
    for (const event of events) expect(told(event)).toEqual([event]);
  });
});
