// A transcription by Speechmatics with a translation, and a talk to one of its agents which is interrupted. The messages of a client of the
// transcription are as its SDK was seen to send them.

import type { DialectFixture } from '../fixture.ts';

const sound = Buffer.alloc(3200, 7);
const audio_format = { type: 'raw', encoding: 'pcm_s16le', sample_rate: 16_000 };
const heard = (transcript: string) => ({
  message: 'AddTranscript',
  format: '2.9',
  metadata: { start_time: 0, end_time: 1, transcript },
  results: [{ type: 'word', start_time: 0, end_time: 1, alternatives: [{ content: transcript, confidence: 1 }] }],
});
const piece = (text: string) => ({ role: 'user' as const, text, isPartial: true as const });
const start = (config: object) => ({
  audio_format,
  transcription_config: { language: 'en', enable_partials: true, ...config },
  message: 'StartRecognition',
});
const soundBytesPerSecond = { upstream: 32_000 };
const errorEvent: DialectFixture['errorEvent'] = (code, reason) => ({
  message: 'Error',
  type: code === 'model_not_allowed' ? 'not_allowed' : 'invalid_message',
  reason,
  code,
});

export const speechmaticsTranscription: DialectFixture = {
  conversation: [
    [
      'client',
      start({ model: 'enhanced', conversation_config: { end_of_utterance_silence_trigger: 0.5 } }),
      { model: 'enhanced', soundBytesPerSecond },
    ],
    ['provider', { message: 'RecognitionStarted', id: 'r1', language_pack_info: {} }],
    ['client', sound],
    ['provider', { message: 'AudioAdded', seq_no: 1 }],
    ['provider', { ...heard('hel'), message: 'AddPartialTranscript' }],
    ['provider', heard('Hello '), { utterances: [piece('Hello ')] }],
    ['provider', heard('there. '), { utterances: [piece('there. ')] }],
    [
      'provider',
      { message: 'AddTranslation', language: 'de', results: [{ content: 'Hallo.', start_time: 0, end_time: 1 }] },
      { utterances: [{ role: 'assistant', text: 'Hallo. ', isPartial: true }] },
    ],
    ['provider', { message: 'EndOfUtterance', metadata: { start_time: 1, end_time: 1 } }, { mark: 'turn-done' }],
    ['client', sound],
    ['client', { message: 'EndOfStream', last_seq_no: 2 }],
    ['provider', heard('Bye.'), { utterances: [piece('Bye.')] }],
    ['provider', { message: 'EndOfTranscript' }, { mark: 'turn-done' }],
    ['provider', { message: 'Error', type: 'job_error', reason: 'It took long.' }],
  ],
  model: 'enhanced',
  usage: { inputAudioSeconds: (2 * sound.length) / 32_000 },
  turns: [
    { user: 'Hello there.', assistant: 'Hallo.' },
    { user: 'Bye.', assistant: '' },
  ],
  naming: (model) => start({ model }),
  errorEvent,
};

const conversation_config = { template_id: 'flow-service-assistant-amelia', template_variables: { timezone: 'UTC' } };
const reply = (message: string, content: string) => ({ message, content, start_time: 1, end_time: 2 });

export const speechmaticsFlow: DialectFixture = {
  conversation: [
    [
      'client',
      { message: 'StartConversation', conversation_config, audio_format },
      { model: 'flow-service-assistant-amelia', soundBytesPerSecond },
    ],
    ['provider', { message: 'ConversationStarted', id: 'c1', asr_session_id: 'a1' }],
    ['client', sound],
    ['provider', { message: 'AudioAdded', seq_no: 1 }],
    ['provider', heard('Hello. '), { mark: 'speech-stopped', utterances: [piece('Hello. ')] }],
    [
      'provider',
      reply('ResponseStarted', 'How are you?'),
      { mark: 'text', utterances: [{ role: 'assistant', text: 'How are you?' }] },
    ],
    ['provider', sound, { mark: 'audio' }],
    ['client', { message: 'AudioReceived', seq_no: 1, buffering: 0.01 }],
    ['provider', reply('ResponseCompleted', 'How are you?'), { mark: 'turn-done' }],
    ['provider', heard('Fine. '), { mark: 'speech-stopped', utterances: [piece('Fine. ')] }],
    [
      'provider',
      { message: 'ToolInvoke', id: 't1', function: { name: 'note', arguments: '{}' } },
      { toolCalls: [{ name: 'note', id: 't1' }] },
    ],
    [
      'provider',
      reply('ResponseStarted', 'That is good to hear.'),
      { mark: 'text', utterances: [{ role: 'assistant', text: 'That is good to hear.' }] },
    ],
    ['provider', reply('ResponseInterrupted', 'That is'), { mark: 'interrupted' }],
    ['client', { message: 'AudioEnded', last_seq_no: 1 }],
    ['provider', { message: 'ConversationEnded' }],
  ],
  model: 'flow-service-assistant-amelia',
  usage: 'connected-time',
  turns: [
    { user: 'Hello.', assistant: 'How are you?' },
    { user: 'Fine.', assistant: 'That is good to hear.', isInterrupted: true },
  ],
  naming: (model) => ({ message: 'StartConversation', conversation_config: { template_id: model }, audio_format }),
  errorEvent,
};
