// A session with LMNT that speaks two texts, the second of which is given up. The first message is as its SDK was seen to send it.

import { type DialectFixture, IN_FRAME } from '../fixture.ts';

const sound = Buffer.from([0, 1, 0x7b, 0xff, 0x80, 0]);
const configuration = {
  'X-API-Key': IN_FRAME,
  'lmnt-version': '1.1',
  voice: 'leah',
  format: 'pcm_s16le',
  sample_rate: 24_000,
};
const words = (text: string) => ({
  mark: 'request' as const,
  utterances: [{ role: 'assistant' as const, text, isPartial: true as const }],
  counts: { characters: text.length },
});

export const lmntSpeech: DialectFixture = {
  conversation: [
    ['client', configuration],
    ['provider', { type: 'ready', request_id: 'r1' }],
    ['client', { type: 'text', text: 'Hello' }, words('Hello')],
    ['client', { type: 'text', text: ' there.' }, words(' there.')],
    ['client', { type: 'flush', nonce: 1 }, { mark: 'request' }],
    ['provider', sound, { mark: 'audio' }],
    ['provider', { type: 'timestamps', timestamps: [{ text: 'Hello', start: 0, duration: 0.4 }] }],
    ['provider', { type: 'flush_complete', nonce: 1 }, { mark: 'turn-done' }],
    ['client', { type: 'flush', nonce: 2 }, { mark: 'request' }],
    ['client', { type: 'text', text: 'Never mind.' }, words('Never mind.')],
    ['client', { type: 'reset', nonce: 3 }, { mark: 'interrupted' }],
    ['provider', { type: 'reset_complete', nonce: 3 }],
    ['client', { type: 'finish' }, { mark: 'request' }],
    [
      'provider',
      { type: 'error', error: { type: 'internal_server_error', message: 'No.' }, request_id: 'r1' },
      { mark: 'turn-done' },
    ],
  ],
  model: undefined,
  usage: { characters: 'Hello there.Never mind.'.length },
  turns: [
    { user: '', assistant: 'Hello there.' },
    { user: '', assistant: 'Never mind.', isInterrupted: true },
  ],
  naming: (model) => ({ ...configuration, model }),
  errorEvent: (code, message) => ({
    type: 'error',
    error: { type: code === 'model_not_allowed' ? 'permission_error' : 'invalid_request_error', message },
  }),
};
