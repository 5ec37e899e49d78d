// The rules of each dialect against messages of a client whose session is pinned.

import { describe, expect, test } from 'vitest';
import { bytesOf, dialectAt, type Payload } from '../../../support/pin-policy/cases.ts';
import { policies } from '../../../support/pin-policy/index.ts';

const frameOf = (payload: Payload, binary = false) => ({ data: bytesOf(payload), binary, at: 0 });

describe.each(policies)('%s', (_, { path, pinned, first, bypasses, innocent }) => {
  const { pins } = dialectAt(new URL(path, 'ws://a').pathname);

  function holding() {
    const held = pins?.hold(pinned);
    if (first !== undefined) expect(held?.fromClient(frameOf(first)) ?? {}).not.toHaveProperty('code');
    return held;
  }

  test('what is pinned can be pinned', () => {
    expect(pins?.check(pinned)).toBeUndefined();
  });

  test('no way round passes', () => {
    const held = holding();
    const passed = bypasses.filter(({ payload, binary }) => {
      const found = held?.fromClient(frameOf(payload, binary));
      return found === undefined || !('code' in found);
    });
    expect(passed.map(({ what, payload }) => `${what}: ${bytesOf(payload).subarray(0, 200)}`)).toEqual([]);
  });

  test('innocent messages pass as they are', () => {
    const held = holding();
    for (const message of innocent) {
      const isSound = typeof message === 'object' && 'sound' in message;
      const frame = isSound ? frameOf(message.sound, true) : frameOf(message);
      expect(held?.fromClient(frame), frame.data.toString()).toBeUndefined();
    }
  });
});
