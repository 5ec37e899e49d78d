// Settings of Realtime and Translation that are pinned: their check, the update of the gateway, what a provider tells of them.

import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../../../codecs/json/object.ts';
import { dialectAt } from '../../../../support/pin-policy/cases.ts';

const realtime = dialectAt('/v1/realtime').pins;
const translation = dialectAt('/v1/realtime/translations').pins;
const frameOf = (event: object | string) => ({
  data: Buffer.from(typeof event === 'string' ? event : JSON.stringify(event)),
  binary: false,
  at: 0,
});

describe('settings that are to be pinned', () => {
  test.each<[JsonObject, string, string]>([
    [{ instructions: 7 }, 'instructions', 'a text'],
    [{ tools: {} }, 'tools', 'a list of objects'],
    [{ tools: ['book'] }, 'tools', 'a list of objects'],
    [{ audio: 'marin' }, 'audio', 'an object'],
    [{ audio: { output: [] } }, 'audio.output', 'an object'],
    [{ audio: { output: { voice: 1 } } }, 'audio.output.voice', 'a text or an object'],
    [{ audio: { input: { turn_detection: 'none' } } }, 'audio.input.turn_detection', 'an object or null'],
    [{ audio: { input: { turnDetection: {} } } }, 'audio.input.turnDetection', 'the name audio.input.turn_detection'],
    [{ Instructions: 'x' }, 'Instructions', 'the name instructions'],
    [{ voice: 'marin', audio: { output: { voice: 'marin' } } }, 'audio.output.voice', 'the setting in one place only'],
    [{ type: 'other' }, 'type', '"realtime" or "transcription"'],
    [JSON.parse('{"__proto__":{}}'), '__proto__', 'the name of a setting'],
  ])('%j', (session, field, expected) => {
    expect(realtime?.check(session)).toEqual({ field, expected });
  });

  test('what the gateway does not know can be pinned too, and is guarded by its name', () => {
    const session = { later: { a: 1 }, audio: { output: { later_too: 2 } } };
    expect(realtime?.check(session)).toBeUndefined();
    const held = realtime?.hold(session);
    const refused = [{ later: 1 }, { audio: { output: { laterToo: 3 } } }, { x: [{ later: 1 }] }];
    for (const changed of refused)
      expect(held?.fromClient(frameOf({ type: 'session.update', session: changed }))).toMatchObject({ code: 'pinned' });
  });

  test('their model can be asked for', () => {
    expect(realtime?.modelIn({ model: 'gpt-realtime' })).toBe('gpt-realtime');
    expect(translation?.modelIn({})).toBeUndefined();
  });
});

describe('the update of the gateway', () => {
  const startOf = (session: JsonObject) => JSON.parse(String(realtime?.hold(session).start?.event.data ?? null));

  test('has all settings but the model, and the type that a session is taken for', () => {
    const session = { model: 'gpt-realtime', instructions: 'x', later: 1 };
    expect(startOf(session).session).toEqual({ type: 'realtime', instructions: 'x', later: 1 });
    expect(startOf({ type: 'transcription', audio: {} }).session.type).toBe('transcription');
  });

  test('is left out where only the type and the model are pinned, and a stored prompt is free then', () => {
    const held = realtime?.hold({ type: 'realtime', model: 'gpt-realtime' });
    expect(held?.start).toBeUndefined();
    expect(held?.fromProvider).toBeUndefined();
    const update = { type: 'session.update', session: { prompt: { id: 'p' }, instructions: 'x' } };
    expect(held?.fromClient(frameOf(update))).toBeUndefined();
    expect(held?.fromClient(frameOf({ type: 'session.update', session: { model: 'other' } }))).toMatchObject({
      field: 'session.model',
    });
  });

  test('of a translation names no type', () => {
    const event = translation?.hold({ model: 'm', audio: { output: { language: 'es' } } }).start?.event;
    expect(JSON.parse(String(event?.data)).session).toEqual({ audio: { output: { language: 'es' } } });
  });
});

test('only what is pinned is guarded', () => {
  const held = realtime?.hold({ audio: { output: { voice: 'marin' } } });
  const passes = [
    { type: 'session.update', session: { instructions: 'x', tools: [{ parameters: { properties: { voice: {} } } }] } },
    { type: 'conversation.item.create', item: { type: 'message', role: 'system', content: [] } },
    { type: 'response.create', response: { instructions: 'x' } },
  ];
  for (const event of passes) expect(held?.fromClient(frameOf(event))).toBeUndefined();
  expect(held?.fromProvider).toBeUndefined();
});

describe('what a provider tells', () => {
  const tools = [{ type: 'function', name: 'book' }];
  const veil = realtime?.hold({ instructions: 'x', tools, prompt: { id: 'p' } }).fromProvider;
  const shown = (event: object) => JSON.parse(veil?.(frameOf(event))?.data.toString() ?? JSON.stringify(event));

  test('has no pinned instructions, tools or prompt any more, wherever it has them', () => {
    const secret = { instructions: 'x', tools, prompt: { id: 'p' } };
    const listed = { type: 'mcp_list_tools', server_label: 'a', tools };
    expect(shown({ type: 'session.created', session: { id: 's', ...secret } })).toEqual({
      type: 'session.created',
      session: { id: 's' },
    });
    expect(shown({ type: 'response.done', response: { ...secret, output: [listed, { id: 'i' }] } })).toEqual({
      type: 'response.done',
      response: { output: [{ type: 'mcp_list_tools', server_label: 'a' }, { id: 'i' }] },
    });
    expect(shown({ type: 'conversation.item.done', item: listed }).item).not.toHaveProperty('tools');
  });

  test('keeps what only has the same words', () => {
    const item = { type: 'function_call', arguments: '{"instructions":"mine","tools":[]}', metadata: { tools: 'a' } };
    expect(veil?.(frameOf({ type: 'conversation.item.done', item }))).toBeUndefined();
  });
});
