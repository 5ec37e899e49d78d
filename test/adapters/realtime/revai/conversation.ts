// A stream to Rev.ai in which somebody says two sentences. The client's messages are as its SDK was seen to send them.

import type { DialectFixture } from '../fixture.ts';

const sound = Buffer.alloc(3200, 7);
const text = (value: string) => ({ type: 'text', value, ts: 0, end_ts: 1, confidence: 0.9 });
const punctuation = (value: string) => ({ type: 'punct', value });

export const revaiStreaming: DialectFixture = {
  query: 'transcriber=allowed&content_type=audio/x-raw;layout=interleaved;rate=16000;format=S16LE;channels=1',
  conversation: [
    ['provider', { type: 'connected', id: 'j1' }],
    ['client', sound],
    ['client', sound],
    ['provider', { type: 'partial', ts: 0, end_ts: 1, elements: [{ type: 'text', value: 'hello' }] }],
    [
      'provider',
      { type: 'final', ts: 0, end_ts: 1, elements: [text('Hello'), punctuation(' '), text('there'), punctuation('.')] },
      { mark: 'turn-done', utterances: [{ role: 'user', text: 'Hello there.' }] },
    ],
    ['client', sound],
    ['client', 'EOS'],
    [
      'provider',
      { type: 'final', ts: 1, end_ts: 2, elements: [text('Bye'), punctuation('.')] },
      { mark: 'turn-done', utterances: [{ role: 'user', text: 'Bye.' }] },
    ],
  ],
  model: 'allowed',
  usage: { inputAudioSeconds: (3 * sound.length) / 32_000 },
  turns: [
    { user: 'Hello there.', assistant: '' },
    { user: 'Bye.', assistant: '' },
  ],
};
