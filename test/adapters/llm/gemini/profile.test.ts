// Chat completions as requests of Gemini's generateContent, and its answers as chat completions.

import { expect, test } from 'vitest';
import { type LlmCall, LlmFailure } from '../../../../adapters/llm/contract.ts';
import { geminiProfile } from '../../../../adapters/llm/gemini/profile.ts';

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
const target = {
  baseUrl: geminiProfile.baseUrl as string,
  apiKey: 'key',
  model: 'models/gemini-2.5-flash',
  settings: {},
};
const request = (more: Partial<LlmCall> = {}) => geminiProfile.toRequest({ ...call, ...more }, target);
const reply = (body: unknown) =>
  geminiProfile.readReply({ status: 200, headers: {}, body: Buffer.from(JSON.stringify(body)) }, 'gemini-asked');

test('a request has its instructions apart, and roles and limits under their names', () => {
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

test('a schema is sent as JSON Schema', () => {
  const schema = { type: 'object', additionalProperties: false };
  expect(JSON.parse(request({ schema: { name: 'x', schema } }).body).generationConfig).toMatchObject({
    responseMimeType: 'application/json',
    responseJsonSchema: schema,
  });
});

const weather = {
  type: 'function',
  function: { name: 'weather', description: 'Of a city.', parameters: { type: 'object', properties: { city: {} } } },
};
const declared = { name: 'weather', description: 'Of a city.', parametersJsonSchema: weather.function.parameters };
const asking = (id: string, city: string, signature?: string) => ({
  id,
  type: 'function',
  function: { name: 'weather', arguments: JSON.stringify({ city }) },
  ...(signature ? { extra_content: { google: { thought_signature: signature } } } : {}),
});
const bodyOf = (more: Partial<LlmCall>) => JSON.parse(request(more).body);

test('tools, tool calls and tool results are translated', () => {
  const messages = [
    { role: 'user', content: 'Is it warm in Bonn or in Rome?' },
    { role: 'assistant', content: null, tool_calls: [asking('call_1', 'Bonn', 'c2ln'), asking('call_2', 'Rome')] },
    { role: 'tool', tool_call_id: 'call_1', content: '12' },
    { role: 'tool', tool_call_id: 'call_2', content: '24' },
    { role: 'user', content: 'So?' },
  ];
  const given = (result: string) => ({ functionResponse: { name: 'weather', response: { result } } });
  expect(bodyOf({ messages, extra: { tools: [weather] } })).toEqual({
    contents: [
      { role: 'user', parts: [{ text: 'Is it warm in Bonn or in Rome?' }] },
      {
        role: 'model',
        parts: [
          { functionCall: { name: 'weather', args: { city: 'Bonn' } }, thoughtSignature: 'c2ln' },
          { functionCall: { name: 'weather', args: { city: 'Rome' } } },
        ],
      },
      { role: 'user', parts: [given('12'), given('24'), { text: 'So?' }] },
    ],
    tools: [{ functionDeclarations: [declared] }],
    toolConfig: { functionCallingConfig: { mode: 'AUTO' } },
    generationConfig: { maxOutputTokens: 64, temperature: 0 },
  });
});

test('calls without their thought signature are sent with a substitute', () => {
  const calls = [asking('a', 'Bonn'), asking('b', 'Rome')];
  const messages = [
    { role: 'user', content: 'x' },
    { role: 'assistant', content: '', tool_calls: calls },
  ];
  const { parts } = bodyOf({ messages, extra: { tools: [weather] } }).contents[1];
  expect(parts.map((part: object) => Reflect.get(part, 'thoughtSignature'))).toEqual([
    'skip_thought_signature_validator',
    undefined,
  ]);
});

test.each([
  [{ tool_choice: 'none' }, { mode: 'NONE' }],
  [{ tool_choice: 'required' }, { mode: 'ANY' }],
  [
    { tool_choice: { type: 'function', function: { name: 'weather' } } },
    { mode: 'ANY', allowedFunctionNames: ['weather'] },
  ],
  [{ tools: [{ type: 'function', function: { name: 'now', strict: true } }] }, { mode: 'VALIDATED' }],
])('the tool choice %j is translated', (extra, config) => {
  expect(bodyOf({ extra: { tools: [weather], ...extra } }).toolConfig.functionCallingConfig).toEqual(config);
});

test('images are sent as base64', () => {
  const content = [
    { type: 'text', text: 'What is it?' },
    { type: 'image_url', image_url: { url: 'data:image/webp;base64,AAAA' } },
  ];
  expect(bodyOf({ messages: [{ role: 'user', content }] }).contents).toEqual([
    { role: 'user', parts: [{ text: 'What is it?' }, { inlineData: { mimeType: 'image/webp', data: 'AAAA' } }] },
  ]);
});

test('models of the third generation have a schema beside tools', () => {
  const schema = { type: 'object', properties: { city: { type: 'string' } } };
  const more = { schema: { name: 'x', schema }, extra: { tools: [weather] } };
  for (const model of ['gemini-3.8-flash', 'models/gemini-4-argon']) {
    const body = JSON.parse(geminiProfile.toRequest({ ...call, ...more }, { ...target, model }).body);
    expect(body.generationConfig).toMatchObject({ responseMimeType: 'application/json', responseJsonSchema: schema });
    expect(body.tools).toMatchObject([{ functionDeclarations: [{ name: 'weather' }] }]);
  }
});

const image = (url: string) => ({ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }] });

test.each<[string, Partial<LlmCall>]>([
  ['an image behind a URL', image('https://x.example/a.png')],
  ['an image of another type', image('data:image/gif;base64,AAAA')],
  ['a single call at most', { extra: { tools: [weather], parallel_tool_calls: false } }],
  ['tools beside a schema', { schema: { name: 'x', schema: {} }, extra: { tools: [weather] } }],
  ['log probabilities', { extra: { logprobs: true } }],
])('%s throws unsupported and is never dropped', (_, more) => {
  expect(() => bodyOf(more)).toThrow(expect.objectContaining({ code: 'unsupported' }));
});

test('function calls of an answer become tool calls, with the signature that the next request needs', () => {
  const part = (city: string, more = {}) => ({ functionCall: { name: 'weather', args: { city } }, ...more });
  const parts = [part('Bonn', { thoughtSignature: 'c2ln' }), part('Rome')];
  const outcome = reply({ responseId: 'r-1', candidates: [{ content: { parts }, finishReason: 'STOP' }] });
  expect(outcome).toMatchObject({ text: '', finish: 'tool_calls' });
  expect(outcome.completion.choices).toEqual([
    {
      index: 0,
      message: {
        role: 'assistant',
        content: null,
        reasoning_details: [
          { type: 'reasoning.encrypted', data: 'c2ln', format: 'google-gemini-v1', id: 'call_r-1_0' },
        ],
        tool_calls: [asking('call_r-1_0', 'Bonn', 'c2ln'), asking('call_r-1_1', 'Rome')],
      },
      finish_reason: 'tool_calls',
    },
  ]);
});

test('thoughts of an answer count as output and are not shown', () => {
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

test('a blocked prompt is a filtered answer, and an error or an empty body throws', () => {
  expect(reply({ promptFeedback: { blockReason: 'SAFETY' } })).toMatchObject({ text: '', finish: 'content_filter' });
  expect(() => reply({ error: { code: 503, status: 'UNAVAILABLE' } })).toThrow(
    expect.objectContaining({ code: 'unavailable' }),
  );
  expect(() => reply({})).toThrow(expect.objectContaining({ code: 'garbled' }));
});

test('a stream becomes chunks of a chat completion', () => {
  const event = (text: string, more = {}) =>
    `data: ${JSON.stringify({ responseId: 'r', modelVersion: 'g', candidates: [{ content: { parts: [{ text }] }, ...more }], usageMetadata: { promptTokenCount: 4, candidatesTokenCount: text.length } })}\r\n\r\n`;
  const stream = geminiProfile.readStream({}, { ...call, isStreamed: true }, 'gemini-x');
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
  const garbled = geminiProfile.readStream({}, { ...call, isStreamed: true }, 'gemini-x');
  expect(() => garbled.push(Buffer.from('data: {}\n\n'))).toThrow(LlmFailure);
});

test('streamed function calls become tool calls, counted over the whole stream', () => {
  const event = (parts: object[], more = {}) =>
    `data: ${JSON.stringify({ responseId: 'r', modelVersion: 'g', candidates: [{ content: { parts }, ...more }] })}\n\n`;
  // Calls without arguments may have no `args`.
  const part = (id: string | undefined, args?: object) => ({ functionCall: { id, name: 'weather', args } });
  const stream = geminiProfile.readStream({}, { ...call, isStreamed: true }, 'gemini-x');
  const passed = [
    stream.push(Buffer.from(event([{ text: 'I look.' }, part(undefined)]))),
    stream.push(Buffer.from(event([part('own', {})]))),
    stream.push(Buffer.from(event([], { finishReason: 'STOP' }))),
  ];
  const lines = Buffer.concat([...passed, stream.end().rest])
    .toString()
    .split('\n\n')
    .filter(Boolean)
    .slice(0, -1);
  const choices = lines.map((line) => JSON.parse(line.slice('data: '.length)).choices[0]);
  const written = (index: number, id: string) => ({
    tool_calls: [{ index, id, type: 'function', function: { name: 'weather', arguments: '{}' } }],
  });
  expect(choices.map(({ delta }) => delta)).toEqual([
    { role: 'assistant', content: 'I look.' },
    written(0, 'call_r_0'),
    written(1, 'own'),
    {},
  ]);
  expect(choices.at(-1)?.finish_reason).toBe('tool_calls');
});
