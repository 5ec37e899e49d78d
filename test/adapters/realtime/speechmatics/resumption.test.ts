// Transcriptions of Speechmatics that survive their provider's socket, over real sockets: what the next one is told, and what the client sees.

import { afterEach, expect, test } from 'vitest';
import { closed } from '../../../support/inbox.ts';
import { playedCall, soundOf } from '../../../support/played-call.ts';
import { endCalls } from '../../../support/surviving-call.ts';
import { until } from '../../../support/until.ts';

afterEach(endCalls);

const RATE = 16_000;

test('a transcription of Speechmatics goes on with its configuration, its times, and the numbers of its messages', async () => {
  const { say, leg, events, closes, client } = await playedCall('/v2?language=en');
  const start = {
    message: 'StartRecognition',
    audio_format: { type: 'raw', encoding: 'pcm_s16le', sample_rate: 8000 },
    transcription_config: { language: 'en', enable_partials: true },
  };
  say(start);
  const first = await leg(1);
  await until(() => first.said.length === 1);
  first.tell({ message: 'RecognitionStarted', id: 'r1' });
  for (let number = 0; number < 4; number++) say(soundOf(100, RATE, number * 1600));
  await until(() => first.messages.length === 4);
  for (const seq_no of [1, 2, 3]) first.tell({ message: 'AudioAdded', seq_no });
  const transcript = (message: string, start_time: number, end_time: number) => ({
    message,
    metadata: { start_time, end_time, transcript: 'word' },
    results: [{ type: 'word', start_time, end_time, alternatives: [{ content: 'word' }] }],
  });
  first.tell(transcript('AddTranscript', 0, 0.2));
  first.tell(transcript('AddPartialTranscript', 0.2, 0.3));
  await until(() => events.length === 6);
  first.ws.terminate();
  const second = await leg(2);
  await until(() => second.said.length === 1);
  expect(second.said).toEqual([start]);
  expect(second.messages).toHaveLength(0);
  second.tell({ message: 'RecognitionStarted', id: 'r2' });
  await until(() => second.messages.length === 2);
  say(soundOf(100, RATE, 6400));
  say({ message: 'EndOfStream', last_seq_no: 5 });
  await until(() => second.said.length === 2);
  expect(second.said[1]).toEqual({ message: 'EndOfStream', last_seq_no: 3 });
  expect(second.sound()).toEqual(soundOf(500, RATE).subarray(0.2 * RATE));
  for (const seq_no of [1, 2, 3]) second.tell({ message: 'AudioAdded', seq_no });
  second.tell(transcript('AddTranscript', 0, 0.2));
  second.tell({ message: 'EndOfTranscript' });
  await until(() => events.at(-1)?.message === 'EndOfTranscript');
  expect(events.slice(6)).toEqual([
    { message: 'AudioAdded', seq_no: 4 },
    { message: 'AudioAdded', seq_no: 5 },
    transcript('AddTranscript', 0.2, 0.4),
    { message: 'EndOfTranscript' },
  ]);
  expect(closes).toEqual([]);
  second.ws.close(1000);
  expect(await closed(client)).toMatchObject({ code: 1000 });
});
