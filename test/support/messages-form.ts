// Answers of endpoints to a call in Anthropic's form: of one that speaks it, and of one that speaks chat completions.

const usage = { input_tokens: 12, cache_read_input_tokens: 4, cache_creation_input_tokens: 0, output_tokens: 5 };
export const message = {
  ...{ id: 'msg_upstream', type: 'message', role: 'assistant', model: 'claude-sonnet-4-6' },
  ...{ content: [{ type: 'text', text: 'Hi there' }], stop_reason: 'end_turn', stop_sequence: null, usage },
  of_a_later_version: true,
};
export const event = (data: { readonly type: string; readonly [field: string]: unknown }) =>
  `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
export const nativeEvents = [
  event({ type: 'message_start', message: { ...message, content: [], stop_reason: null } }),
  event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
  event({ type: 'ping' }),
  event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hi ' } }),
  event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'there' } }),
  event({ type: 'content_block_stop', index: 0 }),
  event({
    type: 'message_delta',
    delta: { stop_reason: 'end_turn', stop_sequence: null },
    usage: { output_tokens: 5 },
  }),
  event({ type: 'message_stop' }),
].join('');

export const completion = (fields: object, finish = 'stop') => ({
  ...{ id: 'c', object: 'chat.completion', created: 1, model: 'some-model' },
  choices: [{ index: 0, message: { role: 'assistant', content: null, ...fields }, finish_reason: finish }],
  usage: { prompt_tokens: 12, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 4 } },
});
export const chunk = (delta: object, finish: string | null = null) => ({
  ...{ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'some-model' },
  choices: [{ index: 0, delta, finish_reason: finish }],
});
export const chunkUsage = { ...chunk({}), choices: [], usage: { prompt_tokens: 12, completion_tokens: 5 } };
