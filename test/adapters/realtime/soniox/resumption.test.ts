// Transcriptions of Soniox that survive their provider's socket, over real sockets: what the next one is told, and what the client sees.

import { afterEach, expect, test } from 'vitest';
import { playedCall, soundOf } from '../../../support/played-call.ts';
import { endCalls } from '../../../support/surviving-call.ts';
import { until } from '../../../support/until.ts';

afterEach(endCalls);

const RATE = 16_000;

test('a transcription of Soniox goes on from the sound that is final, and restarts where its provider asks for that', async () => {
  const { say, leg, events, closes } = await playedCall('/transcribe-websocket?key=k');
  const configuration = { model: 'stt-rt-v4', audio_format: 'pcm_s16le', sample_rate: 8000, num_channels: 1 };
  say({ api_key: 'client', ...configuration });
  say(soundOf(1000, RATE));
  say({ type: 'keepalive' });
  const first = await leg(1);
  await until(() => first.said.length === 2);
  const token = (text: string, start_ms: number, is_final: boolean) => ({
    ...{ text, start_ms, end_ms: start_ms + 100, is_final },
  });
  const tokens = (final_audio_proc_ms: number, ...some: object[]) => ({
    tokens: some,
    ...{ final_audio_proc_ms, total_audio_proc_ms: 900 },
  });
  first.tell(tokens(400, token('one', 100, true), token('tw', 500, false)));
  await until(() => events.length === 1);
  first.tell({ error_code: 503, error_message: 'Cannot continue request (code 7). Please restart the request.' });
  first.ws.close(1011);
  const second = await leg(2);
  await until(() => second.sound().length > 0);
  expect(second.said).toEqual([{ api_key: 'provider-secret', ...configuration }]);
  expect(second.sound()).toEqual(soundOf(1000, RATE).subarray(0.4 * RATE));
  second.tell(tokens(300, token('two', 100, true)));
  await until(() => events.length === 2);
  expect(events[1]).toEqual({
    tokens: [{ text: 'two', start_ms: 500, end_ms: 600, is_final: true }],
    ...{ final_audio_proc_ms: 700, total_audio_proc_ms: 1300 },
  });
  expect(closes).toEqual([]);
});
