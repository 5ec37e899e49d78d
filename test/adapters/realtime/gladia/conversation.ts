// A session with Gladia, which hears one sentence and says what it bills.

import type { DialectFixture } from '../fixture.ts';

const sound = Buffer.from([0, 1, 0x7b, 0xff, 0x80, 0]);
const message = (type: string, data: object) => ({ type, session_id: 's1', created_at: '2026-11-28T20:14:54Z', data });
const utterance = (text: string) => ({
  text,
  language: 'en',
  start: 0,
  end: 1,
  confidence: 0.9,
  channel: 0,
  words: [],
});

export const gladiaLive: DialectFixture = {
  conversation: [
    ['client', sound],
    ['provider', { ...message('audio_chunk', { byte_range: [0, 6], time_range: [0, 0.1] }), acknowledged: true }],
    ['client', { type: 'audio_chunk', data: { chunk: 'AAEC' } }],
    ['provider', message('speech_start', { time: 0.1, channel: 0 }), { mark: 'speech-started' }],
    ['provider', message('transcript', { id: 'u1', is_final: false, utterance: utterance('What') })],
    ['provider', message('speech_end', { time: 1, channel: 0 }), { mark: 'speech-stopped' }],
    [
      'provider',
      message('transcript', { id: 'u1', is_final: true, utterance: utterance('What is the time?') }),
      { mark: 'turn-done', utterances: [{ role: 'user', text: 'What is the time?' }] },
    ],
    ['client', { type: 'stop_recording' }],
    ['provider', message('end_recording', { recording_duration: 1.25 })],
    ['provider', message('post_final_transcript', { metadata: { audio_duration: 1.25, billing_time: 2.5 } })],
  ],
  model: undefined,
  usage: (inputAudioSeconds) => ({ inputAudioSeconds }),
  turns: [{ user: 'What is the time?', assistant: '' }],
};
