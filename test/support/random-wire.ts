// Random frames of a peer, most of them valid.

import type { Random } from './random.ts';
import { closeBytes, frameBytes } from './raw-socket.ts';

const LENGTHS = [0, 0, 1, 3, 20, 124, 125, 126, 127, 300];

/** Fragmented messages with control frames in between, often an invalid frame, and sometimes a close at the end. */
export function randomWire(random: Random, masked: boolean): Buffer {
  const frames = Array.from({ length: 1 + random.below(8) }, () => randomMessage(random, masked)).flat();
  if (random.below(2) === 0) frames.splice(random.below(frames.length + 1), 0, randomOddity(random, masked));
  if (random.below(4) === 0) frames.push(closeBytes(1000, 'bye', { masked }), random.bytes(20));
  return Buffer.concat(frames);
}

function randomMessage(random: Random, masked: boolean): Buffer[] {
  const isText = random.below(2) === 0;
  const payload = isText ? randomText(random) : random.bytes(random.pick(LENGTHS));
  const count = random.below(3) === 0 ? 1 + random.below(5) : 1;
  const cuts = Array.from({ length: count - 1 }, () => random.below(payload.length + 1)).sort((one, two) => one - two);
  return [...cuts, payload.length].flatMap((end, index) => {
    const opcode = index > 0 ? 0 : isText ? 1 : 2;
    const part = payload.subarray(cuts[index - 1] ?? 0, end);
    const frame = frameBytes(opcode, part, { masked, fin: index === cuts.length });
    return random.below(3) === 0 ? [randomControl(random, masked), frame] : [frame];
  });
}

/** A text, sometimes with bytes that are not UTF-8. */
function randomText(random: Random): Buffer {
  const text = Buffer.from(
    Array.from({ length: random.pick(LENGTHS) }, () => random.pick(['a', 'é', '€', '😀'])).join(''),
  );
  if (text.length > 0 && random.below(12) === 0) text[random.below(text.length)] = random.below(256);
  return text;
}

function randomControl(random: Random, masked: boolean): Buffer {
  return frameBytes(random.pick([9, 10]), random.bytes(random.pick([0, 1, 5, 125])), { masked });
}

function randomOddity(random: Random, masked: boolean): Buffer {
  return random.pick([
    () => frameBytes(random.below(16), 'odd', { masked, fin: random.below(2) === 0 }),
    () => frameBytes(random.pick([0, 1, 2, 9]), 'odd', { masked, rsv: 1 + random.below(7) }),
    () => frameBytes(random.pick([0, 1, 2, 8, 9]), 'odd', { masked: !masked }),
    () => frameBytes(random.pick([9, 10]), Buffer.alloc(126), { masked }),
    () => frameBytes(random.pick([1, 2]), '', { masked, claimed: random.pick([1001, 70_000, 2 ** 63]) }),
    () => frameBytes(2, Buffer.alloc(1001), { masked }),
    () => Buffer.concat([2, 0, 0, 0, 0].map((opcode) => frameBytes(opcode, 'odd', { masked, fin: false }))),
  ])();
}
