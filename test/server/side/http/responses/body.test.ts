// Tests which Responses requests are taken, and which field an error names.

import { describe, expect, test } from 'vitest';
import { readResponsesBody } from '../../../../../server/side/http/responses/body.ts';

const read = (body: object, unknownFields: 'refuse' | 'drop' = 'drop') =>
  readResponsesBody({ input: 'Hello', ...body }, { maxTokens: 50, unknownFields });

function responsesOf(body: object) {
  const result = read(body);
  if (!('responses' in result)) throw new Error(result.message);
  return result.responses;
}

test('a text is a message of the user, and what the client leaves out is as the API has it', () => {
  const request = responsesOf({ model: 'm', top_p: null });
  expect(request).toMatchObject({
    model: 'm',
    items: [{ type: 'message', role: 'user', content: 'Hello' }],
    previousResponseId: undefined,
    store: true,
    background: false,
    isStreamed: false,
    include: [],
    metadata: {},
    addedMaxTokens: 50,
    dropped: [],
    body: { model: 'm', input: 'Hello' },
  });
  expect(request.call()).toMatchObject({
    messages: [{ role: 'user', content: 'Hello' }],
    maxTokens: 50,
    isStreamed: false,
  });
});

test('the limit of the answer is the one of the client, else that of the class', () => {
  expect(responsesOf({ max_output_tokens: 7 })).toMatchObject({ addedMaxTokens: undefined });
  expect(responsesOf({ max_output_tokens: 7 }).call().maxTokens).toBe(7);
});

test('the call has the items of earlier answers, and the id that it is given', () => {
  const earlier = { type: 'message', role: 'user', content: 'Before' };
  const request = responsesOf({ previous_response_id: 'resp_1' });
  const call = request.call([earlier, ...request.items], 'resp_2');
  expect(call.messages.map(({ content }) => content)).toEqual(['Before', 'Hello']);
  expect(call.native).toMatchObject({ form: 'responses', id: 'resp_2', body: { input: [earlier, ...request.items] } });
});

const ofParts = (...content: object[]) => ({ input: [{ role: 'user', content }] });
const items = (...input: unknown[]) => ({ input });

describe('an error names the field:', () => {
  test.each<[string, object]>([
    ['input', { input: undefined }],
    ['input', { input: '' }],
    ['input', { input: 7 }],
    ['input', items()],
    ['input[0]', items('Hello')],
    ['input[1].role', items({ role: 'user', content: 'x' }, { type: 'message', role: 'robot', content: 'x' })],
    ['input[0].type', items({ type: 'thought' })],
    ['input[0].content', items({ role: 'user' })],
    ['input[0].content[0].type', ofParts({ type: 'text', text: 'x' })],
    ['input[0].content[1].text', ofParts({ type: 'input_text', text: 'x' }, { type: 'input_text' })],
    ['input[0].content[0].type', items({ role: 'assistant', content: [{ type: 'input_text', text: 'x' }] })],
    ['input[0].content[0].image_url', ofParts({ type: 'input_image', file_id: 'file-1' })],
    ['input[0].content[0].image_url', ofParts({ type: 'input_image', image_url: 'data:video/mp4;base64,AAAA' })],
    ['input[0].content[0].file_data', ofParts({ type: 'input_file', file_url: 'https://a.example/b.pdf' })],
    ['input[0].content[0].input_audio', ofParts({ type: 'input_audio' })],
    ['input[0].call_id', items({ type: 'function_call', name: 'f', arguments: '{}' })],
    ['input[0].arguments', items({ type: 'function_call', call_id: 'c', name: 'f', arguments: {} })],
    ['input[0].output', items({ type: 'function_call_output', call_id: 'c' })],
    ['input[0].output[0].type', items({ type: 'function_call_output', call_id: 'c', output: [{ type: 'text' }] })],
    ['input[0].encrypted_content', items({ type: 'reasoning', summary: [], encrypted_content: 7 })],
    ['input[0].id', items({ type: 'item_reference' })],
    [
      'input[0].content[0].file_id',
      ofParts({ type: 'input_file', file_data: 'data:text/plain;base64,AA==', file_id: 'file-1' }),
    ],
    [
      'input[0].content[0].file_id',
      ofParts({ type: 'input_image', image_url: 'data:image/png;base64,AA==', file_id: 'file-1' }),
    ],
    [
      'input[0].output.file_id',
      items({ type: 'computer_call_output', call_id: 'c', output: { type: 'computer_screenshot', file_id: 'file-1' } }),
    ],
    ['user', { user: 'a\u0000b' }],
    ['safety_identifier', { safety_identifier: 7 }],
    ['model', { model: 7 }],
    ['max_output_tokens', { max_output_tokens: 0 }],
    ['temperature', { temperature: 3 }],
    ['stream', { stream: 'yes' }],
    ['store', { store: 'no' }],
    ['tools[0].type', { tools: [{ name: 'f' }] }],
    ['tools[1].name', { tools: [{ type: 'function', name: 'f' }, { type: 'function' }] }],
    ['text.format.type', { text: { format: { type: 'xml' } } }],
    ['reasoning.effort', { reasoning: { effort: 7 } }],
    ['metadata.a', { metadata: { a: 7 } }],
    ['truncation', { truncation: 'middle' }],
    ['conversation', { conversation: 'conv_1' }],
    ['prompt', { prompt: { id: 'pmpt_1' } }],
    ['service_tier', { service_tier: 'priority' }],
    ['provider', { provider: { only: ['x'] } }],
  ])('%s', (param, body) => {
    expect(read(body)).toMatchObject({ status: 400, code: 'invalid_request', param });
  });
});

test('too many items or parts are refused', () => {
  const part = { type: 'input_text', text: 'x' };
  expect(read(items(...Array.from({ length: 10_001 }, () => ({ role: 'user', content: 'x' }))))).toMatchObject({
    param: 'input',
  });
  expect(read(ofParts(...Array.from({ length: 10_001 }, () => part)))).toMatchObject({ param: 'input' });
});

test('a field that is not known is dropped or refused, as the class says', () => {
  expect(responsesOf({ a_new_field: 1, service_tier: 'auto' }).dropped).toEqual(['a_new_field', 'service_tier']);
  expect(responsesOf({ a_new_field: 1 }).body).not.toHaveProperty('a_new_field');
  expect(read({ a_new_field: 1 }, 'refuse')).toMatchObject({ status: 400, param: 'a_new_field' });
});

test('tools that whoever serves runs are told, and those of the client are not among them', () => {
  const tools = [
    { type: 'web_search' },
    { type: 'mcp', server_label: 'wiki' },
    { type: 'function', name: 'f' },
    { type: 'local_shell' },
  ];
  const { native } = responsesOf({ tools }).call();
  expect(native).toMatchObject({
    hostedTools: ['web_search', 'mcp wiki'],
    untranslated: { what: 'the tool web_search', param: 'tools[0]' },
  });
  expect(responsesOf({ tools: [{ type: 'function', name: 'f' }] }).call().native?.hostedTools).toBeUndefined();
  const mcp = { type: 'mcp', server_label: 'wiki', server_url: 'https://wiki.example' };
  const brought = [
    items({ type: 'additional_tools', role: 'developer', tools: [mcp] }, { role: 'user', content: 'x' }),
    { tools: [{ type: 'namespace', name: 'n', tools: [mcp] }] },
  ];
  for (const body of brought) expect(responsesOf(body).call().native?.hostedTools).toEqual(['mcp wiki']);
});
