// Tests which fields of a chat completion a client may set, which are forwarded, and which only the class decides.

import { describe, expect, test } from 'vitest';
import { readChatBody } from '../../../../../server/side/http/chat/body.ts';
import { parseBody } from '../../../../../server/side/http/request/json-body.ts';
import { droppedHeader } from '../../../../../server/side/runs/call/answer-headers.ts';

const messages = [{ role: 'user', content: 'Hello' }];
function ofParts(...content: object[]) {
  return { role: 'user', content };
}
const read = (more: object, unknownFields: 'refuse' | 'drop' = 'drop') =>
  readChatBody({ messages, ...more }, { maxTokens: 50, unknownFields, dataClass: 'open' });

test('fields of a chat completion are forwarded as they are, and null counts as absent', () => {
  const tools = [{ type: 'function', function: { name: 'f', parameters: {} } }];
  const response_format = { type: 'json_schema', json_schema: { name: 'a', schema: {}, strict: true } };
  expect(read({ model: 'm', tools, response_format, stop: ['x'], top_p: null, n: 1, store: false })).toEqual({
    llm: { messages, maxTokens: 50, isStreamed: false, extra: { tools, response_format, stop: ['x'] } },
    addedMaxTokens: 50,
    dropped: [],
  });
});

test('the end user of a call is its safety_identifier, else its user, and both go on', () => {
  const names = { user: 'ann', safety_identifier: 'hash-of-ann' };
  expect(read(names)).toMatchObject({ endUser: 'hash-of-ann', llm: { extra: names } });
  expect(read({ user: 'ann', safety_identifier: null })).toMatchObject({ endUser: 'ann' });
  expect(read({ user: 7 })).toMatchObject({ status: 400, param: 'user' });
});

test('a message that says it has no audio passes', () => {
  expect(read({ messages: [...messages, { role: 'assistant', content: 'Hi', audio: null }] })).toHaveProperty('llm');
});

test('the limit of the answer is the one of the client, else that of the class', () => {
  const tokensOf = (more: object) => (read(more) as { llm: { maxTokens: number } }).llm.maxTokens;
  expect(tokensOf({})).toBe(50);
  expect(tokensOf({ max_tokens: 5 })).toBe(5);
  expect(tokensOf({ max_tokens: 5, max_completion_tokens: 6 })).toBe(6);
});

test.each([
  ['messages', { messages: undefined }],
  ['messages', { messages: [] }],
  ['messages', { messages: 'Hello' }],
  ['messages[0]', { messages: ['Hello'] }],
  ['messages[0].role', { messages: [{ content: 'Hello' }] }],
  ['messages[1].audio', { messages: [...messages, { role: 'assistant', audio: { id: 'audio_of_another_key' } }] }],
  ['max_tokens', { max_tokens: 0 }],
  ['max_completion_tokens', { max_completion_tokens: 1.5 }],
  ['temperature', { temperature: 'hot' }],
  ['stream', { stream: 'yes' }],
  ['model', { model: 7 }],
  ['n', { n: 2 }],
  ['store', { store: true }],
  ['tools[0].type', { tools: [{ type: 'web_search' }] }],
  ['stream_options', { stream_options: {} }],
  [
    'messages[0].content[1]',
    { messages: [ofParts({ type: 'text', text: 'x' }, { type: 'video_url', video_url: {} })] },
  ],
  ['messages[0].content[0]', { messages: [ofParts({ type: 'file', file: { file_id: 'file-1' } })] }],
  ['messages[0].content[0]', { messages: [ofParts({ type: 'file', file: { file_data: 'https://a.example/b.pdf' } })] }],
])('a wrong %s is named', (param, more) => {
  expect(read(more)).toMatchObject({
    status: 400,
    code: 'invalid_request',
    param,
    message: expect.stringContaining(param),
  });
});

describe('an image_url', () => {
  const ofImage = (image: unknown) => read({ messages: [ofParts({ type: 'image_url', image_url: image })] });

  test.each([
    { url: 'data:image/png;base64,AAAA' },
    { url: 'DATA:image/svg+xml,%3Csvg%3E', detail: 'low' },
    { url: 'https://a.example/b.png', format: 'image/png' },
    { url: 'gs://bucket/b.png', format: null },
    'data:image/webp;base64,AAAA',
  ])('is an image, or where one is: %j', (image) => {
    expect(ofImage(image)).toHaveProperty('llm');
  });

  test.each([
    { url: 'data:application/pdf;base64,AAAA' },
    { url: 'data:video/mp4;base64,AAAA' },
    { url: 'Data:Video/MP4;base64,AAAA' },
    { url: ' data:video/mp4;base64,AAAA' },
    { url: 'data:imagery/png;base64,AAAA' },
    { url: 'data:,AAAA' },
    { url: 'data:image/png;base64,AAAA', format: 'video/mp4' },
    { url: 'AAAA' },
    { url: 7 },
    'data:video/mp4;base64,AAAA',
    undefined,
  ])('that is anything else is refused: %j', (image) => {
    expect(ofImage(image)).toMatchObject({
      status: 400,
      param: 'messages[0].content[0]',
      message: expect.stringContaining('image_url with a data:image/... URL'),
    });
  });
});

test('parts are counted over all messages, and too many are refused', () => {
  const part = { type: 'text', text: 'x' };
  const half = ofParts(...Array(5000).fill(part));
  expect(read({ messages: [half, half] })).toHaveProperty('llm');
  const refusal = { status: 400, param: 'messages' };
  expect(read({ messages: [half, half, ofParts(part)] })).toMatchObject({
    ...refusal,
    message: 'messages: expected at most 10000 parts of content in all, got 10001',
  });
  const newline = { type: 'image_url', image_url: { url: 'data:image/png,\n' } };
  expect(read({ messages: [ofParts(...Array(80_000).fill(newline))] })).toMatchObject(refusal);
  const message = messages[0];
  expect(read({ messages: Array(10_001).fill(message) })).toMatchObject({
    ...refusal,
    message: 'messages: expected 1 to 10000 messages, got 10001',
  });
});

test.each<[string, unknown]>([
  ...[
    'models',
    'provider',
    'route',
    'fallbacks',
    'api_base',
    'api_key',
    'plugins',
    'transforms',
    'web_search_options',
  ].map((name): [string, unknown] => [name, 'x']),
  ['service_tier', 'priority'],
  ['service_tier', 'flex'],
  ['data_sources', [{ type: 'azure_search' }]],
  ['cached_content', 'cachedContents/of-another'],
  ['modalities', ['text', 'audio']],
  ['modalities', 'text'],
  ['audio', { voice: 'x' }],
  ['prompt_cache_retention', '24h'],
  ['previous_response_id', 'resp_1'],
  ['providerOptions', {}],
  ['web_search_options', {}],
])('what would choose where it runs, what is kept or what it costs is refused in either way: %s %j', (name, value) => {
  for (const way of ['drop', 'refuse'] as const)
    expect(read({ [name]: value }, way)).toMatchObject({
      status: 400,
      param: name,
      message: expect.stringContaining(name),
    });
});

/** Fields that voice platforms, chat UIs and SDKs send of their own. */
const INERT = {
  metadata: { a: 'b' },
  user_id: 'u',
  elevenlabs_extra_body: { x: 1 },
  call: { id: 'c' },
  phoneNumber: { id: 'p' },
  customer: { number: '+49' },
  assistant: { name: 'a' },
  chat_id: 'c',
  keep_alive: '5m',
  options: { num_ctx: 1 },
};

test('what changes nothing here is dropped by its name, and never goes on', () => {
  const fields = { ...INERT, service_tier: 'auto', modalities: ['text'] };
  expect(read({ ...fields, seed: 7 })).toMatchObject({
    llm: { extra: { seed: 7 } },
    dropped: Object.keys(fields),
  });
  expect(read({ service_tier: 'default' })).toMatchObject({ dropped: ['service_tier'] });
});

test('a field that chooses nothing by its value is dropped', () => {
  const fields = { fallbacks: [], plugins: [], background: false, enable_search: false, preset: '' };
  expect(read(fields)).toMatchObject({ dropped: Object.keys(fields) });
});

test('a limit of -1 is none, as some clients write it', () => {
  expect(read({ max_tokens: -1 })).toMatchObject({ llm: { maxTokens: 50 }, addedMaxTokens: 50 });
  expect(read({ max_completion_tokens: -1, max_tokens: 7 })).toMatchObject({
    llm: { maxTokens: 7 },
    addedMaxTokens: undefined,
  });
  for (const limit of [0, -2, 1.5, '7']) expect(read({ max_tokens: limit })).toMatchObject({ param: 'max_tokens' });
});

test.each(Object.entries(INERT))(
  'with unknownFields: refuse, %s is refused as one that is not passed on',
  (name, value) => {
    expect(read({ [name]: value }, 'refuse')).toMatchObject({ status: 400, code: 'invalid_request', param: name });
  },
);

test('with unknownFields: refuse, what says what holds anyway passes', () => {
  const fields = { service_tier: 'auto', modalities: ['text'], store: false, n: 1 };
  expect(read(fields, 'refuse')).toHaveProperty('llm');
});

test('names of dropped fields become a header that HTTP can carry', () => {
  const body = JSON.parse('{"messages":[{"role":"user","content":"x"}],"__proto__":"x","a\\r\\nb":1,"c, d":2}');
  const sorted = readChatBody(body, { maxTokens: 50, unknownFields: 'drop', dataClass: 'open' });
  expect(sorted).toMatchObject({ dropped: ['__proto__', 'a\r\nb', 'c, d'] });
  expect(droppedHeader(['__proto__', 'a\r\nb', 'c, d'])).toBe('__proto__, a??b, c??d');
  expect(droppedHeader([])).toBeUndefined();
  expect(droppedHeader(Array(10_000).fill('x'.repeat(1000)))?.length).toBeLessThan(2200);
});

describe('a body', () => {
  test.each([undefined, '', 'Hello', '[]', 'null', '{"a":', '\xff'])(
    'that is no object in JSON is refused: %j',
    (text) => {
      const body = text === undefined ? undefined : Buffer.from(text, 'latin1');
      expect(parseBody(body)).toMatchObject({ status: 400 });
    },
  );

  test('may look like one of our problems', () => {
    const body = { status: 400, code: 'x' };
    expect(parseBody(Buffer.from(JSON.stringify(body)))).toEqual({ body });
  });
});

test('a body that nests deeper than anything has to is refused before it is parsed', () => {
  const deep = (depth: number) => Buffer.from(`{"tools":${'['.repeat(depth)}${']'.repeat(depth)}}`);
  expect(parseBody(deep(200))).toMatchObject({ body: {} });
  expect(parseBody(deep(1_000_000))).toMatchObject({ status: 400, message: expect.stringContaining('256 deep') });
});
