// Writes past the stream of a socket, where libuv tells later than the kernel knows.

import type { Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { DirectWriter } from '../../../server/transport/socket-handle.ts';
import { MIB, readBytes } from '../../support/peer.ts';
import { destroySocketPairs, openSocketPair } from '../../support/socket-pair.ts';

afterEach(destroySocketPairs);

type Write = (request: { oncomplete(status: number): void }, bytes: Buffer) => number;

/** Lets the next write be one that the kernel took in two steps: its end is told in a later turn. Resolves once it is told. */
function tellLater(socket: Socket): Promise<void> {
  const { _handle: handle } = socket as unknown as { _handle: { writeBuffer: Write } };
  const { streamBaseState, kLastWriteWasAsync, WriteWrap } = (
    process as unknown as { binding(name: string): Record<string, never> }
  ).binding('stream_wrap') as unknown as {
    streamBaseState: Int32Array;
    kLastWriteWasAsync: number;
    WriteWrap: new () => { oncomplete(status: number): void };
  };
  const { writeBuffer } = handle;
  return new Promise((resolve) => {
    handle.writeBuffer = (request, bytes) => {
      handle.writeBuffer = writeBuffer;
      const result = writeBuffer.call(handle, new WriteWrap(), bytes);
      streamBaseState[kLastWriteWasAsync] = 1;
      setImmediate(() => {
        request.oncomplete(0);
        resolve();
      });
      return result;
    };
  });
}

test('bytes that the kernel took in two steps are not queued, and their end is not taken for that of the next write', async () => {
  const { near, far } = await openSocketPair({ near: 'accepted' });
  const writer = new DirectWriter(near);
  const told = tellLater(near);
  expect(writer.write(Buffer.from('first'))).toBe(false);
  expect(writer.queuedBytes).toBe(0);
  expect(writer.write(Buffer.alloc(20 * MIB))).toBe(true);
  await told;
  expect(writer.queuedBytes).toBe(20 * MIB);
  const { bytes } = await readBytes(far, 5 + 20 * MIB);
  expect(String(bytes.subarray(0, 5))).toBe('first');
});
