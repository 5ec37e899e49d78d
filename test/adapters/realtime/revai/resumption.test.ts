// Transcriptions of Rev.ai that survive their provider's socket, over real sockets: what the next one is told, and what the client sees.

import { afterEach, expect, test } from 'vitest';
import { playedCall, soundOf } from '../../../support/played-call.ts';
import { endCalls } from '../../../support/surviving-call.ts';
import { until } from '../../../support/until.ts';

afterEach(endCalls);

const RATE = 16_000;

test('a stream of Rev.ai goes on where its server shuts down', async () => {
  const type = 'audio/x-raw;layout=interleaved;rate=8000;format=S16LE;channels=1';
  const { say, leg, events, closes } = await playedCall(
    `/speechtotext/v1/stream?content_type=${encodeURIComponent(type)}`,
    (number) => [{ type: 'connected', id: `c${number}` }],
  );
  await until(() => events.length === 1);
  say(soundOf(600, RATE));
  const first = await leg(1);
  await until(() => first.sound().length > 0);
  const final = (ts: number, end_ts: number) => ({
    ...{ type: 'final', ts, end_ts },
    elements: [{ type: 'text', value: 'word', ts, end_ts }],
  });
  first.tell(final(0.1, 0.28));
  await until(() => events.length === 2);
  first.ws.close(4010);
  const second = await leg(2);
  await until(() => second.sound().length > 0);
  expect(second.sound()).toEqual(soundOf(600, RATE).subarray(0.28 * RATE));
  second.tell(final(0.1, 0.3));
  await until(() => events.length === 3);
  expect(events[2]).toEqual(final(0.38, 0.58));
  expect(closes).toEqual([]);
});
