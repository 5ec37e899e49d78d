// Messages that are read whole from both ends of a session, in random fragments and reads.

import { afterEach, expect, test } from 'vitest';
import { openTaken, textOf } from '../../../support/pinned-session.ts';
import { seededRandom } from '../../../support/random.ts';
import { frameBytes } from '../../../support/raw-socket.ts';
import { destroySocketPairs } from '../../../support/socket-pair.ts';

afterEach(destroySocketPairs);

test('whatever the fragments and the reads, the same bytes reach either end, but for what is refused or hidden', async () => {
  const random = seededRandom(139);
  const { client, upstream } = await openTaken();
  /** The frames of a message: of half of them two. */
  const framesOf = (event: object, masked: boolean): Buffer => {
    const data = Buffer.from(textOf(event));
    if (random.below(2) === 0) return frameBytes(1, data, { masked });
    const at = random.below(data.length);
    const [one, two] = [data.subarray(0, at), data.subarray(at)];
    const parts = [frameBytes(1, one, { masked, fin: false }), frameBytes(0, two, { masked })];
    return Buffer.concat(parts);
  };
  const sendInPieces = async (to: typeof client, bytes: Buffer): Promise<void> => {
    for (let at = 0; at < bytes.length; ) {
      const end = at + 1 + random.below(400);
      to.send(bytes.subarray(at, end));
      at = end;
      if (random.below(8) === 0) await new Promise(setImmediate);
    }
  };
  const passing: Buffer[] = [];
  const all = Array.from({ length: 300 }, (_, at) => {
    const isRefused = random.below(3) === 0;
    const session = isRefused
      ? { instructions: `${at}` }
      : { type: 'realtime', tracing: 'x'.repeat(random.below(300)) };
    const frames = framesOf({ type: 'session.update', event_id: `e${at}`, session }, true);
    if (!isRefused) passing.push(frames);
    return frames;
  });
  const shown: string[] = [];
  const told = Array.from({ length: 300 }, (_, at) => {
    const isHiding = random.below(3) === 0;
    const session = { id: `s${at}`, voice: 'x'.repeat(random.below(300)) };
    shown.push(textOf({ type: 'session.updated', session }));
    return framesOf(
      { type: 'session.updated', session: isHiding ? { ...session, instructions: 'x' } : session },
      false,
    );
  });
  await Promise.all([sendInPieces(client, Buffer.concat(all)), sendInPieces(upstream, Buffer.concat(told))]);
  const expected = Buffer.concat(passing);
  expect((await upstream.bytes(expected.length)).equals(expected)).toBe(true);
  const messages: string[] = [];
  let refused = 0;
  for (let open = ''; messages.length < shown.length || refused < all.length - passing.length; ) {
    const { payload, fin } = await client.frame();
    open += payload;
    if (!fin) continue;
    if (open.includes('"pinned"')) refused += 1;
    else messages.push(open);
    open = '';
  }
  expect(messages).toEqual(shown);
});
