// Tests when Gemini's models think, how much, and what they are told of what they thought before.

import { expect, test } from 'vitest';
import { sealed } from '../../../../adapters/llm/chat/reasoning.ts';
import { geminiProfile } from '../../../../adapters/llm/gemini/profile.ts';
import { responsesCall } from '../../../../adapters/llm/index.ts';

const user = { role: 'user', content: 'Hi' };

/** The body that a model is sent for a Responses request. */
function sent(model: string, body: object, items: readonly object[] = [user]) {
  const call = responsesCall({ body: { ...body }, items: items as never, maxTokens: 10_000 });
  const asked = { ...call, native: call.native && { ...call.native, target: 'one/m' } };
  const target = { baseUrl: 'https://a.example/v1beta', apiKey: 'k', model, settings: {} };
  return JSON.parse(geminiProfile.toRequest(asked, target).body);
}

const thinkingOf = (model: string, reasoning: object) => sent(model, { reasoning }).generationConfig.thinkingConfig;

test('an effort is a budget or a level, and a summary is told when it is asked for', () => {
  expect(thinkingOf('gemini-2.5-flash', { effort: 'low' })).toEqual({ thinkingBudget: 2048 });
  expect(thinkingOf('gemini-2.5-pro', { effort: 'high', summary: 'auto' })).toEqual({
    thinkingBudget: 24_576,
    includeThoughts: true,
  });
  expect(thinkingOf('gemini-3-pro-preview', { effort: 'minimal' })).toEqual({ thinkingLevel: 'low' });
  expect(thinkingOf('models/gemini-3.1-pro', { effort: 'medium' })).toEqual({ thinkingLevel: 'high' });
  expect(thinkingOf('gemini-2.5-flash', { summary: 'auto' })).toEqual({ includeThoughts: true });
  expect(thinkingOf('gemini-2.0-flash', { effort: 'low' })).toBeUndefined();
  expect(thinkingOf('gemini-2.5-flash', {})).toBeUndefined();
});

test('signatures go back with the calls and the words that they came with', () => {
  const format = 'google-gemini-v1';
  const details = [
    { type: 'reasoning.encrypted', data: 'b2ZDYWxs', id: 'a', format },
    { type: 'reasoning.encrypted', data: 'b2ZUZXh0', format },
  ];
  const items = [
    user,
    { type: 'reasoning', summary: [], encrypted_content: sealed('one/m', details) },
    { type: 'function_call', call_id: 'a', name: 'f', arguments: '{}' },
    { type: 'function_call_output', call_id: 'a', output: 'one' },
  ];
  expect(sent('gemini-3-pro', {}, items).contents[1]).toEqual({
    role: 'model',
    parts: [
      { text: '', thoughtSignature: 'b2ZUZXh0' },
      { functionCall: { name: 'f', args: {} }, thoughtSignature: 'b2ZDYWxs' },
    ],
  });
});

test('files and recordings are inline data', () => {
  const content = [
    { type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,AAAA' },
    { type: 'input_audio', input_audio: { data: 'BBBB', format: 'wav' } },
  ];
  expect(sent('gemini-2.5-flash', {}, [{ role: 'user', content }]).contents[0].parts).toEqual([
    { inlineData: { mimeType: 'application/pdf', data: 'AAAA' } },
    { inlineData: { mimeType: 'audio/wav', data: 'BBBB' } },
  ]);
});
