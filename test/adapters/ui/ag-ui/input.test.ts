// Inputs of runs of AG-UI, and what they become.

import { describe, expect, test } from 'vitest';
import { readAgUiInput } from '../../../../adapters/ui/ag-ui/input.ts';

const hello = { id: '1', role: 'user', content: 'Hello' };
const read = (more: object = {}) =>
  readAgUiInput({
    ...{ threadId: 'thread-1', runId: 'run-1', protocolVersion: '1.0', messages: [hello] },
    ...{ tools: [], context: [], state: { page: 1 }, forwardedProps: {}, ...more },
  });

test('messages of all roles become items', () => {
  const toolCalls = [{ id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Rome"}' } }];
  const messages = [
    { id: '1', role: 'system', content: 'Be brief.' },
    { id: '2', role: 'developer', content: 'Be kind.' },
    hello,
    { id: '3', role: 'reasoning', content: 'Hm.', encryptedValue: 'sealed' },
    { id: '4', role: 'reasoning', content: 'Hm.' },
    { id: '5', role: 'assistant', content: 'Let me see.', toolCalls },
    { id: '6', role: 'tool', toolCallId: 'call_1', content: 'Sunny' },
    { id: '7', role: 'activity', activityType: 'PLAN', content: {} },
    { id: '8', role: 'tool', toolCallId: 'call_2', content: '', error: 'no such city' },
    { id: '9', role: 'assistant', content: null },
  ];
  expect(read({ messages }).body.input).toEqual([
    { role: 'system', content: 'Be brief.' },
    { role: 'developer', content: 'Be kind.' },
    { role: 'user', content: [{ type: 'input_text', text: 'Hello' }] },
    { type: 'reasoning', encrypted_content: 'sealed', summary: [{ type: 'summary_text', text: 'Hm.' }] },
    { role: 'assistant', content: 'Let me see.' },
    { type: 'function_call', call_id: 'call_1', name: 'weather', arguments: '{"city":"Rome"}' },
    { type: 'function_call_output', call_id: 'call_1', output: 'Sunny' },
    { type: 'function_call_output', call_id: 'call_2', output: '{"error":"no such city"}' },
  ]);
});

test('parts of a message become text, images, documents and audio', () => {
  const part = (type: string, source: object) => ({ type, source });
  const content = [
    { type: 'text', text: 'Look' },
    part('image', { type: 'data', value: 'AA==', mimeType: 'image/png' }),
    part('image', { type: 'url', value: 'https://example.com/a.png' }),
    part('document', { type: 'data', value: 'AA==', mimeType: 'application/pdf' }),
    part('document', { type: 'file', value: 'file-1', provider: 'openai' }),
    part('audio', { type: 'data', value: 'AA==', mimeType: 'audio/x-wav' }),
  ];
  expect(read({ messages: [{ id: '1', role: 'user', content }] }).body.input).toEqual([
    {
      role: 'user',
      content: [
        { type: 'input_text', text: 'Look' },
        { type: 'input_image', detail: 'auto', image_url: 'data:image/png;base64,AA==' },
        { type: 'input_image', detail: 'auto', image_url: 'https://example.com/a.png' },
        { type: 'input_file', filename: 'file', file_data: 'data:application/pdf;base64,AA==' },
        { type: 'input_file', file_id: 'file-1' },
        { type: 'input_audio', input_audio: { data: 'AA==', format: 'wav' } },
      ],
    },
  ]);
});

test('tools, the context and the properties of the app go on, and its state stays with it', () => {
  const parameters = { type: 'object', properties: {} };
  const tools = [
    { name: 'weather', description: 'Tells', parameters },
    { name: 'time', description: 'Tells' },
  ];
  const context = [{ description: 'Place', value: 'Rome' }];
  const forwardedProps = { model: 'gpt-5-mini', temperature: 0, ownProperty: true };
  const { input, ...rest } = read({ tools, context, forwardedProps }).body;
  expect(rest).toEqual({
    ...{ model: 'gpt-5-mini', temperature: 0, stream: true },
    tools: [
      { type: 'function', name: 'weather', description: 'Tells', parameters, strict: false },
      { type: 'function', name: 'time', description: 'Tells', parameters, strict: false },
    ],
  });
  expect(input).toEqual([
    { role: 'system', content: 'Context of the application:\nPlace: Rome' },
    { role: 'user', content: [{ type: 'input_text', text: 'Hello' }] },
  ]);
});

test('the thread is the chat, and the events of the run name both', () => {
  expect(read({ parentRunId: 'run-0' })).toMatchObject({
    chat: 'thread-1',
    note: { threadId: 'thread-1', runId: 'run-1', parentRunId: 'run-0' },
  });
});

describe('an input that is none is refused with its place', () => {
  const message = (more: object) => ({ messages: [{ ...hello, ...more }] });
  test.each([
    ['threadId', { threadId: undefined }],
    ['runId', { runId: 'x'.repeat(201) }],
    ['protocolVersion', { protocolVersion: '2.0' }],
    ['resume', { resume: [{ interruptId: 'x', status: 'resolved' }] }],
    ['messages', { messages: 'Hello' }],
    ['messages', { messages: [] }],
    ['messages[0]', { messages: ['Hello'] }],
    ['messages[0].role', message({ role: 'model' })],
    ['messages[0].content', message({ content: 5 })],
    ['messages[0].content', message({ role: 'system', content: [] })],
    ['messages[0].content[0].type', message({ content: [{ type: 'video', source: {} }] })],
    ['messages[0].content[0].source', message({ content: [{ type: 'image' }] })],
    [
      'messages[0].content[0].source.mimeType',
      message({ content: [{ type: 'image', source: { type: 'data', value: 'A' } }] }),
    ],
    ['messages[0].toolCallId', message({ role: 'tool' })],
    ['messages[0].toolCalls[0]', message({ role: 'assistant', toolCalls: [{ id: 'x' }] })],
    ['tools[0]', { tools: [{}] }],
    ['context[0]', { context: ['Rome'] }],
  ])('%s', (field, more) => {
    expect(() => read(more)).toThrow(expect.objectContaining({ field }));
  });
});
