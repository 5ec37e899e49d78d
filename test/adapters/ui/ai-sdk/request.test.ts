// Requests of `useChat`, as the package `ai` sends them, and what they become.

import type { UIMessage } from 'ai';
import { describe, expect, test } from 'vitest';
import { readChatRequest } from '../../../../adapters/ui/ai-sdk/request.ts';

const user = (text: string, id = 'u1'): UIMessage => ({ id, role: 'user', parts: [{ type: 'text', text }] });
const assistant = (parts: readonly unknown[], id = 'a1') => ({ id, role: 'assistant', parts });
const call = (state: string, more: object = {}) => ({
  ...{ type: 'tool-weather', toolCallId: 'call_1', state, input: { city: 'Rome' } },
  ...more,
});
const asked = (messages: readonly unknown[], more: object = {}) =>
  readChatRequest({ id: 'chat-1', messages, trigger: 'submit-message', ...more });
const bodyOf = (messages: readonly unknown[], more: object = {}) => {
  const request = asked(messages, more);
  return 'body' in request ? request.body : undefined;
};
const inputOf = (messages: readonly unknown[], more: object = {}) =>
  bodyOf(messages, more)?.input as readonly object[] | undefined;

describe('messages', () => {
  test('texts of all roles become items, in their order', () => {
    const system = {
      id: 's',
      role: 'system',
      parts: [
        { type: 'text', text: 'Be ' },
        { type: 'text', text: 'brief.' },
      ],
    };
    const said = assistant([{ type: 'step-start' }, { type: 'text', text: 'Hi.', state: 'done' }]);
    expect(inputOf([system, user('Hello'), said, user('And?', 'u2')])).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: [{ type: 'input_text', text: 'Hello' }] },
      { role: 'assistant', content: 'Hi.' },
      { role: 'user', content: [{ type: 'input_text', text: 'And?' }] },
    ]);
  });

  test('files become images, documents and audio', () => {
    const file = (mediaType: string, url: string, more = {}) => ({ type: 'file', mediaType, url, ...more });
    const parts = [
      file('image/png', 'data:image/png;base64,AA=='),
      file('image', 'https://example.com/a.png', { providerMetadata: { openai: { imageDetail: 'low' } } }),
      file('application/pdf', 'data:application/pdf;base64,AA==', { filename: 'a.pdf' }),
      file('application/pdf', 'https://example.com/a.pdf'),
      file('audio/mpeg', 'data:audio/mpeg;base64,AA=='),
      file('application/pdf', '', { providerReference: { openai: 'file-1' } }),
    ];
    expect(inputOf([{ id: 'u', role: 'user', parts }])).toEqual([
      {
        role: 'user',
        content: [
          { type: 'input_image', detail: 'auto', image_url: 'data:image/png;base64,AA==' },
          { type: 'input_image', detail: 'low', image_url: 'https://example.com/a.png' },
          { type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,AA==' },
          { type: 'input_file', file_url: 'https://example.com/a.pdf' },
          { type: 'input_audio', input_audio: { data: 'AA==', format: 'mp3' } },
          { type: 'input_file', file_id: 'file-1' },
        ],
      },
    ]);
  });

  test('parts of one reasoning are one item, and reasoning that is not encrypted does not go on', () => {
    const thought = (text: string, openai: object) => ({ type: 'reasoning', text, providerMetadata: { openai } });
    const parts = [
      thought('One.', { itemId: 'rs_1' }),
      thought('Two.', { itemId: 'rs_1', reasoningEncryptedContent: 'sealed' }),
      thought('Lost.', { itemId: 'rs_2' }),
      { type: 'text', text: 'So.' },
    ];
    expect(inputOf([user('Why?'), assistant(parts), user('Yes?')])?.slice(1, -1)).toEqual([
      {
        ...{ type: 'reasoning', id: 'rs_1', encrypted_content: 'sealed' },
        summary: [
          { type: 'summary_text', text: 'One.' },
          { type: 'summary_text', text: 'Two.' },
        ],
      },
      { role: 'assistant', content: 'So.' },
    ]);
  });

  test('what a page keeps for itself does not go on', () => {
    const own = [
      { type: 'data-weather', id: 'w', data: { degrees: 20 } },
      { type: 'source-url', sourceId: 's', url: 'https://example.com' },
      { type: 'file', mediaType: 'image/png', url: 'data:image/png;base64,AA==' },
      { type: 'something-new' },
    ];
    expect(inputOf([user('Hello'), assistant([...own, { type: 'text', text: 'Hi.' }]), user('Bye')])).toHaveLength(3);
  });

  test('a message that was added while the assistant spoke stands between the steps', () => {
    const steering = { type: 'steering-message', id: 'x', parts: [{ type: 'text', text: 'Shorter.' }] };
    const parts = [
      { type: 'step-start' },
      { type: 'text', text: 'A' },
      steering,
      { type: 'step-start' },
      { type: 'text', text: 'B' },
    ];
    expect(inputOf([user('Hello'), assistant(parts), user('Bye')])?.slice(1, -1)).toEqual([
      { role: 'assistant', content: 'A' },
      { role: 'user', content: [{ type: 'input_text', text: 'Shorter.' }] },
      { role: 'assistant', content: 'B' },
    ]);
  });
});

describe('the message that an answer goes on with', () => {
  const note = (messages: readonly unknown[], more: object = {}) => {
    const request = asked(messages, more);
    return 'note' in request ? request.note : undefined;
  };
  const done = call('output-available', { output: 'Sunny' });

  test('is the last one of the assistant, whose parts a page can be given again without running a tool', () => {
    const parts = [{ type: 'step-start' }, { type: 'text', text: 'Let me see.' }, done];
    expect(note([user('Weather?'), assistant(parts)])).toEqual({
      messageId: 'a1',
      before: [
        { type: 'start-step' },
        { type: 'text-start', id: '1' },
        { type: 'text-delta', id: '1', delta: 'Let me see.' },
        { type: 'text-end', id: '1' },
        { type: 'tool-input-start', toolCallId: 'call_1', toolName: 'weather' },
        { type: 'tool-input-delta', toolCallId: 'call_1', inputTextDelta: '{"city":"Rome"}' },
        { type: 'tool-output-available', toolCallId: 'call_1', output: 'Sunny' },
      ],
    });
  });

  test('is none where the user has spoken last, or wants another answer', () => {
    expect(note([user('Hello')])).toEqual({});
    expect(note([user('x'), assistant([{ type: 'text', text: 'y' }])], { trigger: 'regenerate-message' })).toEqual({});
  });

  test('is an earlier one where the page names it', () => {
    const messages = [user('Weather?'), assistant([done]), user('Hello?', 'u2')];
    expect(note(messages, { messageId: 'a1' })).toMatchObject({ messageId: 'a1' });
    expect(note(messages, { messageId: 'u2' })).toEqual({});
  });

  test('is told of calls that the user has just denied, and which tools have to ask', () => {
    const denied = call('approval-responded', { approval: { id: 'approval-call_1', approved: false } });
    const toolApproval = { weather: 'user-approval', time: 'not-applicable' };
    expect(note([user('x'), assistant([denied])], { toolApproval })).toMatchObject({
      denied: ['call_1'],
      approved: ['weather'],
    });
  });
});

test('calls that the user has allowed are given to the page, which runs them, and no model is asked', () => {
  const parts = [
    call('approval-responded', { approval: { id: 'approval-call_1', approved: true } }),
    { ...call('approval-responded', { approval: { id: 'approval-call_2', approved: false } }), toolCallId: 'call_2' },
  ];
  expect(asked([user('x'), assistant(parts)])).toEqual({
    chat: 'chat-1',
    chunks: [
      { type: 'start', messageId: 'a1' },
      { type: 'tool-output-denied', toolCallId: 'call_2' },
      { type: 'tool-input-available', toolCallId: 'call_1', toolName: 'weather', input: { city: 'Rome' } },
      { type: 'finish', finishReason: 'tool-calls' },
    ],
  });
});

describe('fields', () => {
  const fields = (more: object) => bodyOf([user('Hello')], more);

  test('those of OpenAI Responses go on, and those of the page do not', () => {
    const given = {
      model: 'gpt-5-mini',
      temperature: 0,
      store: false,
      sessionId: '123',
      callSettings: {},
      stream: false,
      user: null,
    };
    const { input: _, ...rest } = fields(given) ?? {};
    expect(rest).toEqual({ model: 'gpt-5-mini', temperature: 0, store: false, stream: true });
  });

  test('names of the AI SDK and of assistant-ui have a field each', () => {
    const parameters = { type: 'object', properties: {} };
    const { input: _, ...rest } = fields({
      ...{ system: 'Be brief.', maxOutputTokens: 5, topP: 1, toolChoice: { type: 'tool', toolName: 'weather' } },
      ...{
        reasoning: 'low',
        tools: { weather: { description: 'Tells', parameters }, time: { inputSchema: parameters } },
      },
    }) ?? { input: [] };
    expect(rest).toEqual({
      ...{ instructions: 'Be brief.', max_output_tokens: 5, top_p: 1, stream: true },
      tool_choice: { type: 'function', name: 'weather' },
      reasoning: { effort: 'low' },
      include: ['reasoning.encrypted_content'],
      tools: [
        { type: 'function', name: 'weather', description: 'Tells', parameters, strict: false },
        { type: 'function', name: 'time', parameters, strict: false },
      ],
    });
  });
});

describe('a request that is none is refused with its place', () => {
  test.each([
    ['id', { id: undefined }],
    ['id', { id: 'x'.repeat(201) }],
    ['trigger', { trigger: 'resume' }],
    ['messages', { messages: undefined }],
    ['messages', { messages: [] }],
    ['messages', { messages: [{ id: 'u', role: 'user', parts: [] }] }],
    ['messages[0]', { messages: ['Hello'] }],
    ['messages[0].role', { messages: [{ role: 'tool', parts: [] }] }],
    ['messages[0].parts', { messages: [{ role: 'user', content: 'Hello' }] }],
    ['messages[0].parts[0]', { messages: [{ role: 'user', parts: ['Hello'] }] }],
    ['messages[0].parts[0].text', { messages: [{ role: 'user', parts: [{ type: 'text' }] }] }],
    ['messages[0].parts[0].mediaType', { messages: [{ role: 'user', parts: [{ type: 'file', url: 'data:,' }] }] }],
    [
      'messages[0].parts[0].url',
      { messages: [{ role: 'user', parts: [{ type: 'file', mediaType: 'image/png', url: 'a.png' }] }] },
    ],
    ['messages[0].parts[0].toolCallId', { messages: [assistant([{ type: 'tool-x', state: 'output-available' }])] }],
    ['messages[0].parts[0].state', { messages: [assistant([{ ...call('done'), state: 'done' }])] }],
    ['tools.weather', { tools: { weather: { description: 'Tells' } } }],
    ['instructions', { system: 'x', instructions: 'y' }],
    ['toolApproval.weather', { toolApproval: { weather: 'denied' } }],
  ])('%s', (field, more) => {
    expect(() => asked([user('Hello')], more)).toThrow(expect.objectContaining({ field }));
  });
});
