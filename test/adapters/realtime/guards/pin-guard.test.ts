// The rules of each dialect against messages of a client whose session is pinned.

import { describe, expect, test } from 'vitest';
import { bytesOf, dialectAt, type Message, type Payload } from '../../../support/pin-policy/cases.ts';
import { policies } from '../../../support/pin-policy/index.ts';

const messageFrame = (message: Message) =>
  typeof message === 'object' && 'sound' in message ? frameOf(message.sound, true) : frameOf(message);
const frameOf = (payload: Payload, binary = false) => ({ data: bytesOf(payload), binary, at: 0 });

describe.each(policies)('%s', (_, { path, pinned, early, first, bypasses, innocent, merged }) => {
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
      const frame = messageFrame(message);
      expect(held?.fromClient(frame), frame.data.toString()).toBeUndefined();
    }
  });

  test.runIf(early)('nothing passes before what a session begins with', () => {
    for (const message of early ?? [])
      expect(pins?.hold(pinned).fromClient(messageFrame(message))).toMatchObject({ code: 'pinned' });
  });

  test.runIf(merged)('what is pinned goes into the messages that apply it', () => {
    for (const [message, passed] of merged ?? []) {
      const found = holding()?.fromClient(frameOf(message));
      if (found === undefined || 'code' in found) expect(found, JSON.stringify(message)).toHaveProperty('data');
      else expect(JSON.parse(String(found.data))).toEqual(passed);
    }
  });
});
