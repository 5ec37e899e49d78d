// Transcriptions of ElevenLabs that survive their provider's socket, over real sockets: what the next one is told, and what the client sees.

import { afterEach, expect, test } from 'vitest';
import { playedCall, soundOf } from '../../../support/played-call.ts';
import { endCalls } from '../../../support/surviving-call.ts';
import { until } from '../../../support/until.ts';

afterEach(endCalls);

const RATE = 16_000;
const PATH = '/v1/speech-to-text/realtime?model_id=scribe_v2_realtime&audio_format=pcm_8000';
const chunk = (place: number, commit = false) => ({
  ...{ message_type: 'input_audio_chunk', commit, sample_rate: 8000 },
  audio_base_64: soundOf(100, RATE, place * 1600).toString('base64'),
});
const begun = (number: number) => [{ message_type: 'session_started', session_id: `s${number}`, config: {} }];
const committed = (text: string) => ({ message_type: 'committed_transcript', text });

test('a transcription goes on behind the last segment that its client has ended, with a commit that was not answered', async () => {
  const { say, leg, events, closes } = await playedCall(PATH, begun);
  for (let place = 0; place < 6; place++) say(chunk(place, place === 2 || place === 5));
  const first = await leg(1);
  await until(() => first.said.length === 6);
  first.tell(committed('One.'));
  first.tell({ ...committed('One.'), message_type: 'committed_transcript_with_timestamps', words: [] });
  await until(() => events.length === 3);
  first.tell({ message_type: 'session_time_limit_exceeded', error: 'too long' });
  first.ws.close(1008);
  const second = await leg(2);
  await until(() => second.said.length === 3);
  expect(second.said).toEqual([chunk(3), chunk(4), chunk(5, true)]);
  const timed = { ...committed('Two.'), message_type: 'committed_transcript_with_timestamps' };
  second.tell({ ...timed, words: [{ text: 'Two.', start: 0.1, end: 0.2, type: 'word' }] });
  await until(() => events.length === 4);
  expect(events[3]).toEqual({ ...timed, words: [{ text: 'Two.', start: 0.4, end: 0.5, type: 'word' }] });
  expect(closes).toEqual([]);
});

test('half a second before a segment that the provider has ended itself is said again', async () => {
  const { say, leg, events } = await playedCall(PATH, begun);
  for (let place = 0; place < 9; place++) say(chunk(place));
  const first = await leg(1);
  await until(() => first.said.length === 9);
  first.tell({ message_type: 'partial_transcript', text: 'On' });
  first.tell(committed('One.'));
  await until(() => events.length === 3);
  first.ws.terminate();
  const second = await leg(2);
  await until(() => second.said.length === 5);
  expect(second.said).toEqual([4, 5, 6, 7, 8].map((place) => chunk(place)));
});
