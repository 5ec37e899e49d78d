// Playback of the provider's voice, and its interruption.

import { expect, test } from 'vitest';
import { toBase64 } from '../../../../server/console/audio/pcm.ts';
import { Waveforms } from '../../../../server/console/audio/waveforms.ts';
import type { AudioEvent } from '../../../../server/console/dialects/dialect.ts';
import { type PlaybackCounts, ReplyPlayback } from '../../../../server/console/session/reply-playback.ts';
import { FakePlayer } from '../../../support/console-fakes.ts';

const rateHz = 24_000;
const audio = (itemId: string, ms: number, hz = rateHz): AudioEvent => ({
  kind: 'audio',
  itemId,
  contentIndex: 0,
  base64: toBase64(new Int16Array((hz * ms) / 1000).fill(1000)),
  rateHz: hz,
});

async function output() {
  const players: FakePlayer[] = [];
  const started: string[] = [];
  const waves = new Waveforms();
  let counts: PlaybackCounts | undefined;
  const reply = new ReplyPlayback({
    waveforms: waves,
    open: async (handlers) => {
      const player = new FakePlayer(handlers, () => 0);
      players.push(player);
      return player;
    },
    onStarted: (itemId) => started.push(itemId),
    onCounts: (next) => {
      counts = next;
    },
  });
  await reply.open();
  const [player] = players;
  if (player === undefined) throw new Error('no player');
  return { reply, player, started, waves, counts: () => counts };
}

test('received, queued and played samples are counted', async () => {
  const { reply, player, started, counts } = await output();
  reply.audio(audio('a', 100));
  player.play(1000);
  expect(started).toEqual(['a']);
  expect(counts()).toEqual({ receivedSamples: 2400, playedSamples: 1000, queuedSamples: 1400, gaps: 0 });
  expect(reply.isPlaying).toBe(true);
  player.play(5000);
  expect(counts()).toMatchObject({ playedSamples: 2400, queuedSamples: 0 });
  expect(reply.isPlaying).toBe(false);
});

test('an interruption reports what was heard, empties the queue, and refuses the rest of that reply', async () => {
  const { reply, player, counts } = await output();
  reply.replyStarted();
  reply.audio(audio('a', 1000));
  player.play(12_000);
  const cut = reply.interrupt(true);
  // Audio was still on its way when the interruption happened, also of a new item.
  reply.audio(audio('a', 1000));
  reply.audio(audio('b', 1000));
  expect(await cut).toEqual([{ itemId: 'a', contentIndex: 0, playedMs: 500, receivedMs: 1000 }]);
  reply.audio(audio('a', 1000));
  expect(counts()).toMatchObject({ receivedSamples: 24_000, playedSamples: 12_000, queuedSamples: 0 });
  reply.replyDone();
  reply.audio(audio('a', 1000));
  expect(reply.isPlaying).toBe(false);
  reply.replyStarted();
  reply.audio(audio('c', 100));
  expect(counts()).toMatchObject({ queuedSamples: 2400 });
});

test('a reply that was received completely is still truncated where it played', async () => {
  const { reply, player } = await output();
  reply.audio(audio('a', 1000));
  reply.audioEnd('a');
  reply.replyDone();
  player.play(2400);
  player.latencyMs = 40;
  expect(await reply.interrupt(false)).toMatchObject([{ playedMs: 60, receivedMs: 1000 }]);
});

test('a reply that was heard to its end is not truncated', async () => {
  const { reply, player } = await output();
  reply.audio(audio('a', 100));
  reply.audioEnd('a');
  player.play(2400);
  expect(await reply.interrupt(false)).toEqual([]);
});

test('the waveform of the reply follows what is played', async () => {
  const { reply, player, waves } = await output();
  reply.audio(audio('a', 100));
  player.play(1200);
  expect(waves.get('a')).toMatchObject({ playedMs: 50 });
  expect(waves.get('a')?.peaks).toHaveLength(5);
});

test('audio of another rate is resampled', async () => {
  const { reply, counts } = await output();
  reply.audio(audio('a', 1000, 16_000));
  expect(counts()?.receivedSamples).toBeGreaterThan(23_900);
  expect(counts()?.receivedSamples).toBeLessThanOrEqual(24_000);
});

test('a player that is ready only after the end of the session is closed at once', async () => {
  let finish: () => void = () => {};
  const players: FakePlayer[] = [];
  const reply = new ReplyPlayback({
    waveforms: new Waveforms(),
    open: (handlers) =>
      new Promise((resolve) => {
        finish = () => {
          const player = new FakePlayer(handlers, () => 0);
          players.push(player);
          resolve(player);
        };
      }),
    onStarted: () => {},
    onCounts: () => {},
  });
  const opening = reply.open();
  reply.close();
  finish();
  await opening;
  expect(players[0]?.closed).toBe(true);
  expect(reply.player).toBeUndefined();
});
