// The script of the callers: the same appends in each turn, and one beginning and one end of speech in each.

import { expect, test } from 'vitest';
import { TURN_MS, writeScript } from '../../../../bench/benches/turn/script.ts';

test('each turn is said in the same appends of 40 ms, and is heard once, first its start and then its end', async () => {
  const { appendMs, appends, started, stopped } = await writeScript(3);
  expect(appends.length * appendMs).toBe(TURN_MS);
  for (const append of appends) {
    const { type, audio } = JSON.parse(append) as { type: string; audio: string };
    expect([type, Buffer.from(audio, 'base64').length]).toEqual(['input_audio_buffer.append', 40 * 24 * 2]);
  }
  const turnOf = ({ append }: { append: number }) => Math.floor(append / appends.length);
  expect([started.map(turnOf), stopped.map(turnOf)]).toEqual([
    [0, 1, 2],
    [0, 1, 2],
  ]);
  for (const [turn, { append }] of started.entries()) expect(append).toBeLessThan(stopped[turn]?.append ?? 0);
});
