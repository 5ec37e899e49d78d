// Gemini's generateContent from and to chat completions.

import { expect, test } from 'vitest';
import { gemini } from '../../../adapters/llm/gemini.ts';
import { type LlmCall, LlmFault } from '../../../adapters/llm/llm.ts';

const call: LlmCall = {
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'One' },
    { role: 'assistant', content: 'Two' },
    { role: 'user', content: 'Three' },
  ],
  maxTokens: 64,
  temperature: 0,
  isStreamed: false,
  extra: { stop: ['a', 'b'], seed: 3 },
};
const target = { baseUrl: gemini.baseUrl as string, apiKey: 'key', model: 'models/gemini-2.5-flash', settings: {} };
const request = (more: Partial<LlmCall> = {}) => gemini.toRequest({ ...call, ...more }, target);
const reply = (body: unknown) =>
  gemini.readReply({ status: 200, headers: {}, body: Buffer.from(JSON.stringify(body)) });

test('a call has its instructions apart, its roles and its limits under their names', () => {
  const { url, headers, body } = request();
  expect(url).toBe('https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent');
  expect(headers).toMatchObject({ 'x-goog-api-key': 'key' });
  expect(JSON.parse(body)).toEqual({
    systemInstruction: { parts: [{ text: 'Be brief.' }] },
    contents: [
      { role: 'user', parts: [{ text: 'One' }] },
      { role: 'model', parts: [{ text: 'Two' }] },
      { role: 'user', parts: [{ text: 'Three' }] },
    ],
    generationConfig: { maxOutputTokens: 64, temperature: 0, stopSequences: ['a', 'b'], seed: 3 },
  });
  expect(request({ isStreamed: true }).url).toMatch(/:streamGenerateContent\?alt=sse$/);
});

test('a schema is asked for as JSON Schema', () => {
  const schema = { type: 'object', additionalProperties: false };
  expect(JSON.parse(request({ schema: { name: 'x', schema } }).body).generationConfig).toMatchObject({
    responseMimeType: 'application/json',
    responseJsonSchema: schema,
  });
});

test('an answer counts its thoughts as output, and does not show them', () => {
  const outcome = reply({
    responseId: 'r-1',
    modelVersion: 'gemini-2.5-flash-001',
    candidates: [
      { content: { parts: [{ text: 'hm', thought: true }, { text: 'Hel' }, { text: 'lo' }] }, finishReason: 'STOP' },
    ],
    usageMetadata: {
      promptTokenCount: 20,
      candidatesTokenCount: 5,
      thoughtsTokenCount: 30,
      totalTokenCount: 55,
      cachedContentTokenCount: 8,
      promptTokensDetails: [
        { modality: 'TEXT', tokenCount: 15 },
        { modality: 'AUDIO', tokenCount: 5 },
      ],
    },
  });
  expect(outcome).toMatchObject({
    text: 'Hello',
    served: 'gemini-2.5-flash-001',
    provider: 'google',
    finish: 'stop',
    usage: { inputTokens: 20, outputTokens: 35, totalTokens: 55, cachedTokens: 8, inputAudioTokens: 5 },
    completion: { id: 'r-1', model: 'gemini-2.5-flash-001', usage: { completion_tokens: 35 } },
  });
});

test('a blocked prompt is an answer that was filtered; an error or nothing is a fault', () => {
  expect(reply({ promptFeedback: { blockReason: 'SAFETY' } })).toMatchObject({ text: '', finish: 'content_filter' });
  expect(() => reply({ error: { code: 503, status: 'UNAVAILABLE' } })).toThrow(
    expect.objectContaining({ code: 'unavailable' }),
  );
  expect(() => reply({})).toThrow(expect.objectContaining({ code: 'garbled' }));
});

test('a stream becomes chunks of a chat completion', () => {
  const event = (text: string, more = {}) =>
    `data: ${JSON.stringify({ responseId: 'r', modelVersion: 'g', candidates: [{ content: { parts: [{ text }] }, ...more }], usageMetadata: { promptTokenCount: 4, candidatesTokenCount: text.length } })}\r\n\r\n`;
  const stream = gemini.readStream({}, { ...call, isStreamed: true });
  const passed = [
    stream.push(Buffer.from(event('Hel'))),
    stream.push(Buffer.from(event('lo', { finishReason: 'MAX_TOKENS' }))),
  ];
  const { rest, outcome, isComplete } = stream.end();
  const text = Buffer.concat([...passed, rest]).toString();
  expect(text.match(/"content":"[^"]*"/g)).toEqual(['"content":"Hel"', '"content":"lo"']);
  expect(text).toMatch(/"finish_reason":"length"\}\]\}\n\ndata: \[DONE\]\n\n$/);
  expect(isComplete).toBe(true);
  expect(outcome).toMatchObject({ text: 'Hello', usage: { inputTokens: 4, outputTokens: 2 }, finish: 'length' });
  const garbled = gemini.readStream({}, { ...call, isStreamed: true });
  expect(() => garbled.push(Buffer.from('data: {}\n\n'))).toThrow(LlmFault);
});
