// Client frames that name no model, however much they talk about one: each must pass.

import {
  AA,
  type Case,
  FORBIDDEN,
  gemini,
  live,
  named,
  realtime,
  responses,
  translation,
  updateText,
} from './frames.ts';

const append = '"type":"input_audio_buffer.append"';

const schema = {
  type: 'object',
  properties: { model: { type: 'string', enum: [FORBIDDEN] }, session: named, setup: named },
};
const tool = { type: 'function', name: 'book', parameters: schema };

export const innocent: readonly Case[] = [
  ['audio', realtime, { type: 'input_audio_buffer.append', audio: AA }],
  ['audio with an id', realtime, { event_id: 'e', type: 'input_audio_buffer.append', audio: AA }],
  ['audio as Python writes it', realtime, `{"type": "input_audio_buffer.append", "audio": "${AA}"}`],
  ['audio of 15 MiB', realtime, { type: 'input_audio_buffer.append', audio: 'QUJD'.repeat(3_900_000) }],
  ['audio with an escaped slash', realtime, `{${append},"audio":"QUJ\\/"}`],
  ['a commit', realtime, { type: 'input_audio_buffer.commit' }],
  ['a request for a reply', realtime, { type: 'response.create' }],
  ['a request with metadata', realtime, { type: 'response.create', response: { metadata: named, tools: [tool] } }],
  ['tracing, as an SDK sends it first', realtime, { type: 'session.update', session: { tracing: 'auto' } }],
  ['tools with a parameter called model', realtime, { type: 'session.update', session: { tools: [tool] } }],
  [
    'a prompt with a variable called model',
    realtime,
    { type: 'session.update', session: { prompt: { variables: named } } },
  ],
  [
    'transcription switched off',
    realtime,
    { type: 'session.update', session: { audio: { input: { transcription: null } } } },
  ],
  ['a model that is null', realtime, { type: 'session.update', session: { model: null } }],
  [
    'a message about a model',
    realtime,
    {
      type: 'conversation.item.create',
      item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: updateText }] },
    },
  ],
  [
    'the result of a tool',
    realtime,
    {
      type: 'conversation.item.create',
      item: { type: 'function_call_output', call_id: 'c', output: JSON.stringify({ session: named }) },
    },
  ],
  [
    'an item with a field called model',
    realtime,
    { type: 'conversation.item.create', item: { type: 'message', ...named } },
  ],
  ['an empty object', realtime, {}],
  ['an empty frame', realtime, ''],
  ['plain text', realtime, 'the model is forbidden-9'],
  ['text with braces', realtime, 'use {model} here'],
  ['a JSON string', realtime, JSON.stringify(updateText)],
  ['a number', realtime, '9'],
  ['a broken event without a model', realtime, '{"type":"response.create"'],
  ['raw audio', realtime, Buffer.from(Uint8Array.from({ length: 4000 }, (_, i) => (i * 37) % 256))],
  ['a million brackets', realtime, '['.repeat(1_000_000)],
  ['silence', realtime, Buffer.alloc(4000)],
  ['a brace and noise', realtime, Buffer.concat([Buffer.from('{'), Buffer.alloc(3000, 0xfe)])],
  ['Live audio', live, { type: 'session.input_audio.append', audio: AA }],
  [
    'delegated tools with a parameter called model',
    live,
    { type: 'session.update', session: { delegation: { type: 'responses', responses: { tools: [tool] } } } },
  ],
  [
    'questions about a model',
    live,
    {
      type: 'session.update',
      session: {
        delegation: {
          type: 'decisions',
          decisions: { questions: [{ instructions: [{ type: 'input_json', data: named }] }] },
        },
      },
    },
  ],
  ['instructions', live, { type: 'session.instructions.append', content: 'model', delegation_id: null }],
  ['a delegated request', live, { type: 'response.create' }],
  [
    'an update without a model',
    live,
    { type: 'session.update', session: { delegation: { acknowledgement_delay_ms: 1 } } },
  ],
  ['translation audio', translation, { type: 'session.input_audio_buffer.append', audio: AA }],
  [
    'a translation language',
    translation,
    { type: 'session.update', session: { audio: { output: { language: 'de' } } } },
  ],
  ['steering', responses, { type: 'response.steer', previous_response_id: 'r', input: 'model' }],
  ['Gemini audio', gemini, { realtimeInput: { audio: { data: AA, mimeType: 'audio/pcm;rate=16000' } } }],
  [
    'Gemini audio, the mime type first',
    gemini,
    { realtimeInput: { audio: { mimeType: 'audio/pcm;rate=16000', data: AA } } },
  ],
  [
    'Gemini audio as Python writes it',
    gemini,
    `{"realtime_input": {"audio": {"data": "${AA}", "mime_type": "audio/pcm"}}}`,
  ],
  ['Gemini audio in the old form', gemini, { realtimeInput: { mediaChunks: [{ data: AA, mimeType: 'audio/pcm' }] } }],
  ['Gemini text', gemini, { realtimeInput: { text: 'setup the model' } }],
  [
    'a Gemini turn',
    gemini,
    { clientContent: { turns: [{ role: 'user', parts: [{ text: '{"setup":{}}' }] }], turnComplete: true } },
  ],
  [
    'a Gemini tool response',
    gemini,
    { toolResponse: { functionResponses: [{ id: '1', name: 'f', response: { setup: named, ...named } }] } },
  ],
  [
    'new tools in a Gemini context',
    gemini,
    { contextUpdate: { tools: [{ functionDeclarations: [{ name: 'f', parameters: schema }] }] } },
  ],
];
