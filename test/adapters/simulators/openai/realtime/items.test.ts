// Conversation items: created, shown, deleted, truncated.

import { describe, expect, test } from 'vitest';
import { pcm16Bytes } from '../../../../../codecs/audio/pcm16.ts';
import { encodeBase64 } from '../../../../../codecs/text/base64.ts';
import { at, Dialogue, type Event, tone } from '../../../../support/dialogue.ts';

function open(): Dialogue {
  const times = { firstAudioMs: 0, firstTextMs: 0, tokenMs: 0, audioSpeed: 100 };
  const dialogue = new Dialogue('/v1/realtime?model=m', { options: { times } });
  dialogue.clear();
  return dialogue;
}

const message = (text: string, fields: object = {}): Event => ({
  type: 'message',
  role: 'user',
  content: [{ type: 'input_text', text }],
  ...fields,
});

function create(dialogue: Dialogue, item: Event, fields: object = {}): void {
  dialogue.send({ type: 'conversation.item.create', item, ...fields });
}

/** Makes a reply in speech. Returns the id of its item and the length of its audio. */
function spokenReply(dialogue: Dialogue): { itemId: unknown; audioMs: number } {
  create(dialogue, message('hello'));
  dialogue.send({ type: 'response.create' });
  dialogue.advance(5000);
  const itemId = at(dialogue.one('response.done'), 'response.output.0.id');
  const bytes = dialogue
    .all('response.output_audio.delta')
    .map(({ delta }) => Buffer.from(String(delta), 'base64').length);
  dialogue.clear();
  return { itemId, audioMs: bytes.reduce((sum, length) => sum + length, 0) / 48 };
}

describe('create', () => {
  test('is answered with added and done, and with the previous item', () => {
    const dialogue = open();
    create(dialogue, message('one', { id: 'mine' }));
    create(dialogue, message('two'));
    expect(dialogue.messages.map(({ event }) => event.type)).toEqual([
      ...['conversation.item.added', 'conversation.item.done'],
      ...['conversation.item.added', 'conversation.item.done'],
    ]);
    const [first, second] = dialogue.all('conversation.item.added');
    expect(first).toMatchObject({ previous_item_id: null, item: { id: 'mine', status: 'completed' } });
    expect(second).toMatchObject({ previous_item_id: 'mine', item: { id: expect.stringMatching(/^item_/) } });
  });

  test('puts an item at the front, or after another item', () => {
    const dialogue = open();
    for (const id of ['a', 'b']) create(dialogue, message(id, { id }));
    create(dialogue, message('front', { id: 'front' }), { previous_item_id: 'root' });
    create(dialogue, message('middle', { id: 'middle' }), { previous_item_id: 'a' });
    const previous = dialogue.all('conversation.item.added').map((added) => added.previous_item_id);
    expect(previous).toEqual([null, 'a', null, 'a']);
  });

  const refused: [string, Event, object, object][] = [
    ['an unknown type', { type: 'note' }, {}, { code: 'invalid_value', param: 'item.type' }],
    ['no type', { role: 'user' }, {}, { code: 'missing_required_parameter', param: 'item.type' }],
    [
      'no content',
      { type: 'message', role: 'user' },
      {},
      { code: 'missing_required_parameter', param: 'item.content' },
    ],
    ['an unknown role', { type: 'message', role: 'narrator', content: [] }, {}, { param: 'item.role' }],
    [
      "an assistant's words as input",
      { type: 'message', role: 'assistant', content: [{ type: 'input_text', text: 'x' }] },
      {},
      { param: 'item.content[0].type' },
    ],
    [
      'audio that is not base64',
      { type: 'message', role: 'user', content: [{ type: 'input_audio', audio: 'not!' }] },
      {},
      { code: 'invalid_value' },
    ],
    ['an unknown place', message('x'), { previous_item_id: 'nowhere' }, { code: 'item_not_found' }],
    ['an id that is taken', message('x', { id: 'taken' }), {}, { code: 'invalid_value', param: 'item.id' }],
    [
      'a result without a call',
      { type: 'function_call_output', call_id: 'call_x', output: '' },
      {},
      { code: 'invalid_tool_call_id' },
    ],
  ];
  test.each(refused)('refuses %s', (_, item, fields, error) => {
    const dialogue = open();
    create(dialogue, message('taken', { id: 'taken' }));
    dialogue.clear();
    create(dialogue, item, { event_id: 'mine', ...fields });
    expect(dialogue.types).toEqual(['error']);
    expect(dialogue.one('error').error).toMatchObject({ event_id: 'mine', ...error });
  });

  test('accepts a history with a function call and its result', () => {
    const dialogue = open();
    create(dialogue, { type: 'function_call', call_id: 'call_1', name: 'clock', arguments: '{}' });
    create(dialogue, { type: 'function_call_output', call_id: 'call_1', output: '{"hour":4}' });
    dialogue.send({ type: 'response.create', response: { output_modalities: ['text'] } });
    dialogue.advance(100);
    expect(dialogue.one('response.output_text.done').text).toContain('The tool clock answered: {"hour":4}');
  });
});

describe('retrieve', () => {
  test('shows the item with its audio', () => {
    const dialogue = open();
    const audio = encodeBase64(pcm16Bytes(tone(500, 24_000)));
    create(dialogue, { type: 'message', id: 'mine', role: 'user', content: [{ type: 'input_audio', audio }] });
    expect(JSON.stringify(dialogue.one('conversation.item.added'))).not.toContain(audio);
    dialogue.send({ type: 'conversation.item.retrieve', item_id: 'mine' });
    const retrieved = dialogue.one('conversation.item.retrieved');
    expect(at(retrieved, 'item.content.0')).toMatchObject({ type: 'input_audio', audio });
  });

  test('answers an unknown item with an error', () => {
    const dialogue = open();
    dialogue.send({ type: 'conversation.item.retrieve', item_id: 'nowhere' });
    expect(at(dialogue.one('error'), 'error.code')).toBe('item_not_found');
    dialogue.send({ type: 'conversation.item.retrieve' });
    expect(at(dialogue.all('error')[1], 'error.code')).toBe('missing_required_parameter');
  });
});

describe('delete', () => {
  test('removes an item once', () => {
    const dialogue = open();
    create(dialogue, message('x', { id: 'mine' }));
    dialogue.send({ type: 'conversation.item.delete', item_id: 'mine' });
    dialogue.send({ type: 'conversation.item.delete', item_id: 'mine' });
    expect(dialogue.one('conversation.item.deleted').item_id).toBe('mine');
    expect(at(dialogue.one('error'), 'error.code')).toBe('item_not_found');
  });
});

describe('truncate', () => {
  const truncate = (itemId: unknown, fields: object): Event => ({
    type: 'conversation.item.truncate',
    item_id: itemId,
    content_index: 0,
    ...fields,
  });

  test('is confirmed, and removes the transcript', () => {
    const dialogue = open();
    const { itemId } = spokenReply(dialogue);
    dialogue.send(truncate(itemId, { audio_end_ms: 500 }));
    expect(dialogue.one('conversation.item.truncated')).toMatchObject({
      item_id: itemId,
      content_index: 0,
      audio_end_ms: 500,
    });
    dialogue.send({ type: 'conversation.item.retrieve', item_id: itemId });
    expect(at(dialogue.one('conversation.item.retrieved'), 'item.content.0.transcript')).toBe('');
  });

  test('accepts the end of the audio, and nothing behind it', () => {
    const dialogue = open();
    const { itemId, audioMs } = spokenReply(dialogue);
    dialogue.send(truncate(itemId, { audio_end_ms: audioMs + 1 }));
    expect(dialogue.one('error').error).toMatchObject({
      code: 'invalid_value',
      param: 'audio_end_ms',
      message: `Audio content of ${audioMs}ms is already shorter than ${audioMs + 1}ms`,
    });
    dialogue.send(truncate(itemId, { audio_end_ms: audioMs }));
    dialogue.one('conversation.item.truncated');
  });

  test('cannot restore audio that was cut', () => {
    const dialogue = open();
    const { itemId } = spokenReply(dialogue);
    dialogue.send(truncate(itemId, { audio_end_ms: 300 }));
    dialogue.send(truncate(itemId, { audio_end_ms: 301 }));
    expect(at(dialogue.one('error'), 'error.code')).toBe('invalid_value');
  });

  test.each([
    ['without a time', {}, 'missing_required_parameter'],
    ['at another content index', { audio_end_ms: 1, content_index: 1 }, 'invalid_value'],
    ['at a negative time', { audio_end_ms: -1 }, 'invalid_value'],
    ['of an item that is not there', { audio_end_ms: 1, item_id: 'nowhere' }, 'item_not_found'],
    ['of what was never spoken', { audio_end_ms: 1, item_id: 'written' }, 'invalid_value'],
  ])('answers %s with an error', (_, fields, code) => {
    const dialogue = open();
    create(dialogue, message('x', { id: 'written' }));
    const { itemId } = spokenReply(dialogue);
    dialogue.send(truncate(itemId, fields));
    expect(at(dialogue.one('error'), 'error.code')).toBe(code);
  });
});
