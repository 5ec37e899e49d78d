// The turns of the Gemini Live model: interruptions, function calls, usage.

import { describe, expect, test } from 'vitest';
import { at, type Dialogue, tone } from '../../../support/dialogue.ts';
import { contents, openLive, RATE, speak, turn } from '../../../support/live-dialogue.ts';

describe('an interruption', () => {
  function interrupted(setup: object = {}): Dialogue {
    const dialogue = openLive(setup);
    speak(dialogue, turn(2000));
    dialogue.advance(200);
    dialogue.clear();
    speak(dialogue, tone(400, RATE));
    return dialogue;
  }

  test('sends interrupted and turnComplete, without generationComplete', () => {
    const dialogue = interrupted();
    expect(dialogue.types.filter((type) => type !== 'modelTurn')).toEqual(['interrupted', 'turnComplete']);
    expect(at(contents(dialogue, 'turnComplete')[0], 'usageMetadata.responseTokenCount')).toBeGreaterThan(0);
  });

  test('stops the audio, and the next turn is answered', () => {
    const dialogue = interrupted();
    const said = dialogue.messages.length;
    dialogue.advance(100);
    expect(dialogue.messages.length).toBe(said);
    dialogue.clear();
    speak(dialogue, turn(500));
    dialogue.advance(20_000);
    expect(dialogue.types).toEqual(['modelTurn', 'generationComplete', 'turnComplete']);
  });

  test('is possible while the audio still plays', () => {
    const dialogue = openLive();
    speak(dialogue, turn(2000));
    dialogue.advance(1000);
    expect(dialogue.types).toContain('generationComplete');
    speak(dialogue, tone(400, RATE));
    expect(dialogue.types.slice(-2)).toEqual(['interrupted', 'turnComplete']);
  });

  test('does not happen with NO_INTERRUPTION, where the answer waits', () => {
    const dialogue = interrupted({ realtimeInputConfig: { activityHandling: 'NO_INTERRUPTION' } });
    speak(dialogue, turn(400));
    dialogue.advance(30_000);
    expect(dialogue.types).not.toContain('interrupted');
    expect(contents(dialogue, 'turnComplete').length).toBe(2);
  });

  test('is caused by clientContent too', () => {
    const dialogue = openLive();
    speak(dialogue, turn(2000));
    dialogue.advance(200);
    dialogue.clear();
    const turns = [{ role: 'user', parts: [{ text: 'stop' }] }];
    dialogue.send({ clientContent: { turns, turnComplete: true } });
    expect(dialogue.types).toEqual(['interrupted', 'turnComplete']);
    expect(dialogue.spoken.at(-1)).toBe('This is the rehearsal provider. You wrote: stop');
  });
});

describe('a function', () => {
  const functionDeclarations = [
    { name: 'weather', parameters: { type: 'OBJECT', properties: { city: { type: 'STRING' } }, required: ['city'] } },
  ];

  function called(): { dialogue: Dialogue; id: unknown } {
    const dialogue = openLive({ tools: [{ googleSearch: {} }, { functionDeclarations }] });
    dialogue.send({ realtimeInput: { text: 'Please use the weather tool.' } });
    dialogue.advance(1000);
    const call = dialogue.messages.find(({ event }) => event.toolCall)?.event;
    expect(at(call, 'toolCall.functionCalls.0')).toMatchObject({ name: 'weather', args: { city: 'rehearsal' } });
    return { dialogue, id: at(call, 'toolCall.functionCalls.0.id') };
  }

  test('is called, and its result is answered', () => {
    const { dialogue, id } = called();
    const functionResponses = [{ id, name: 'weather', response: { temperature_c: 21 } }];
    dialogue.send({ toolResponse: { functionResponses } });
    dialogue.advance(20_000);
    expect(dialogue.spoken).toEqual([
      'This is the rehearsal provider. The tool weather answered: {"temperature_c":21}',
    ]);
    expect(dialogue.types.at(-1)).toBe('turnComplete');
  });

  test('is waited for while it still works', () => {
    const { dialogue, id } = called();
    dialogue.send({ toolResponse: { functionResponses: [{ id, response: {}, willContinue: true }] } });
    dialogue.advance(5000);
    expect(dialogue.spoken).toEqual([]);
  });

  test('is cancelled when the caller speaks, and its late result is ignored', () => {
    const { dialogue, id } = called();
    dialogue.clear();
    speak(dialogue, tone(400, RATE));
    expect(dialogue.messages[0]?.event).toEqual({ toolCallCancellation: { ids: [id] } });
    expect(dialogue.types.slice(1)).toEqual(['interrupted', 'turnComplete']);
    dialogue.send({ toolResponse: { functionResponses: [{ id, response: { late: true } }] } });
    dialogue.advance(5000);
    expect(dialogue.spoken).toEqual([]);
    expect(dialogue.closed).toBeUndefined();
  });

  test('can be added by a contextUpdate', () => {
    const dialogue = openLive();
    dialogue.send({ contextUpdate: { tools: [{ functionDeclarations }] } });
    dialogue.send({ realtimeInput: { text: 'call weather' } });
    dialogue.advance(1000);
    expect(dialogue.types).toContain('toolCall');
  });

  test('is not called when nobody asks for it', () => {
    const dialogue = openLive({ tools: [{ functionDeclarations }] });
    dialogue.send({ realtimeInput: { text: 'How is the weather?' } });
    dialogue.advance(20_000);
    expect(dialogue.types).not.toContain('toolCall');
    expect(dialogue.spoken).toEqual(['This is the rehearsal provider. You wrote: How is the weather?']);
  });
});

test('the usage adds up, and the prompt grows with every turn', () => {
  const dialogue = openLive({ systemInstruction: { parts: [{ text: 'Be kind.' }] } });
  for (let i = 0; i < 3; i++) {
    speak(dialogue, turn(1000));
    dialogue.advance(20_000);
  }
  const usages = contents(dialogue, 'turnComplete').map((event) => event.usageMetadata as Record<string, number>);
  expect(usages.length).toBe(3);
  const total = (usage: unknown, key: string) =>
    (at(usage, key) as { tokenCount: number }[]).reduce((sum, { tokenCount }) => sum + tokenCount, 0);
  for (const usage of usages) {
    expect(usage.totalTokenCount).toBe((usage.promptTokenCount ?? 0) + (usage.responseTokenCount ?? 0));
    expect(total(usage, 'promptTokensDetails')).toBe(usage.promptTokenCount);
    expect(total(usage, 'responseTokensDetails')).toBe(usage.responseTokenCount);
  }
  const prompts = usages.map((usage) => usage.promptTokenCount ?? 0);
  expect(prompts[1]).toBeGreaterThan(prompts[0] ?? 0);
  expect(prompts[2]).toBeGreaterThan(prompts[1] ?? 0);
});
