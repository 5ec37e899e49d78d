// Transcriptions of Cartesia that survive their provider's socket, over real sockets: what the next one is told, and what the client sees.

import { afterEach, expect, test } from 'vitest';
import { closed } from '../../../support/inbox.ts';
import { playedCall, soundOf } from '../../../support/played-call.ts';
import { endCalls } from '../../../support/surviving-call.ts';
import { until } from '../../../support/until.ts';

afterEach(endCalls);

const RATE = 16_000;
const PATH = '/stt/turns/websocket?model=ink-2&encoding=pcm_s16le&sample_rate=8000';

test('a transcription goes on within a turn, which the client is told the beginning of once, and ends as its client says', async () => {
  const { say, leg, events, closes, client } = await playedCall(PATH, (number) => [
    { type: 'connected', request_id: `r${number}` },
  ]);
  say(soundOf(1000, RATE));
  const first = await leg(1);
  await until(() => first.sound().length > 0);
  for (const type of ['turn.start', 'turn.end', 'turn.start'])
    first.tell({ type, request_id: 'r1', transcript: 'One.' });
  await until(() => events.length === 4);
  first.ws.terminate();
  const second = await leg(2);
  await until(() => second.sound().length > 0);
  expect(second.sound()).toEqual(soundOf(1000, RATE).subarray(0.48 * RATE));
  for (const type of ['turn.start', 'turn.end', 'turn.start'])
    second.tell({ type, request_id: 'r2', transcript: 'Two.' });
  await until(() => events.length === 6);
  expect(events.slice(4).map(({ type }) => type)).toEqual(['turn.end', 'turn.start']);
  expect(closes).toEqual([]);
  say({ type: 'close' });
  await until(() => second.said.length === 1);
  second.ws.close(1000);
  expect(await closed(client)).toMatchObject({ code: 1000 });
});
