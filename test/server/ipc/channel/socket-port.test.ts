// A socket between two processes as a port: whole messages in order, however they are cut up, and a bound for what is queued.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { encodeMessage } from '../../../../codecs/msgpack.ts';
import type { Port } from '../../../../server/ipc/channel/rpc.ts';
import { PIPES, pipeRpc, socketPort } from '../../../../server/ipc/channel/socket-port.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

async function pair(): Promise<[Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [far] = (await once(server, 'connection')) as [Socket];
  onTestFinished(() => {
    for (const end of [near, far, server]) 'destroy' in end ? end.destroy() : end.close();
  });
  return [near, far];
}

const send = (port: Port, message: object) => port.send?.(message, undefined, undefined, () => {});
const disconnected = (port: Port) => new Promise<void>((resolve) => port.once('disconnect', resolve));

function messages(port: Port, count: number): Promise<unknown[]> {
  const heard: unknown[] = [];
  return new Promise((resolve) => {
    port.on('message', (message) => {
      heard.push(message);
      if (heard.length === count) resolve(heard);
    });
  });
}

test('carries messages whole and in order, large and small', async () => {
  const [near, far] = await pair();
  const [nearPort, farPort] = [socketPort(near), socketPort(far)];
  const sent = [
    { at: 1, bytes: Buffer.alloc(3_000_000, 7) },
    { at: 2, nothing: undefined },
    { at: 3, list: ['ä', null] },
  ];
  const heard = messages(farPort, 3);
  for (const message of sent) send(nearPort, message);
  expect(await heard).toEqual(sent);
});

test('a message that does not wait for others is with the system before the next statement', async () => {
  const [near, far] = await pair();
  const heard = messages(socketPort(far), 1);
  send(socketPort(near, { batching: 'none' }), { at: 1 });
  // Nothing of it waits in this process.
  expect([near.bytesWritten, Reflect.get(near, '_handle').writeQueueSize]).toEqual([
    encodeMessage({ at: 1 }).length,
    0,
  ]);
  expect(await heard).toEqual([{ at: 1 }]);
});

test('reads messages that arrive byte by byte, or several at once', async () => {
  const [near, far] = await pair();
  const heard = messages(socketPort(far), 3);
  near.setNoDelay(true);
  const bytes = Buffer.concat([{ at: 1 }, { at: 2 }, { at: 3 }].map(encodeMessage));
  for (const byte of bytes.subarray(0, 12)) {
    near.write(Buffer.of(byte));
    await new Promise(setImmediate);
  }
  near.write(bytes.subarray(12));
  expect(await heard).toEqual([{ at: 1 }, { at: 2 }, { at: 3 }]);
});

test.each([
  ['bytes that are no message', Buffer.from([2, 0, 0, 0, 0x5b, 0x5d])],
  ['a message of more than maxMessageBytes', Buffer.from([65, 0, 0, 0])],
])('closes the connection for %s', async (_, bytes) => {
  const [near, far] = await pair();
  const port = socketPort(far, { maxMessageBytes: 64 });
  const gone = disconnected(port);
  near.write(bytes);
  await gone;
  expect(port.connected).toBe(false);
});

test('accepts a message of maxMessageBytes', async () => {
  const [near, far] = await pair();
  const frame = encodeMessage({ text: 'x'.repeat(50) });
  const heard = messages(socketPort(far, { maxMessageBytes: frame.length - 4 }), 1);
  near.write(frame);
  expect(await heard).toHaveLength(1);
});

test('queues up to maxQueuedBytes for a side that does not read, and closes the connection beyond', async () => {
  const [near, far] = await pair();
  far.pause();
  const port = socketPort(near, { maxQueuedBytes: 100_000 });
  const gone = disconnected(port);
  const message = { bytes: Buffer.alloc(50_000) };
  let sent = 0;
  // The kernel takes some megabytes.
  while (port.connected && sent++ < 2000) {
    send(port, message);
    expect(near.writableLength).toBeLessThan(200_000);
    await new Promise(setImmediate);
  }
  await gone;
  expect(sent).toBeGreaterThan(2);
  expect(sent).toBeLessThan(2000);
});

test('tells when the other end is gone, and sends nothing any more', async () => {
  const [near, far] = await pair();
  const port = socketPort(near);
  const gone = disconnected(port);
  far.destroy();
  await gone;
  expect(port.connected).toBe(false);
  send(port, { late: true });
});

test('what a killed process has sent by its pipe is received, though it was written to before that was read', async () => {
  const file = join(temporaryFolder('child'), 'child.ts');
  const port = new URL('../../../../server/ipc/channel/socket-port.ts', import.meta.url);
  const sends = "supervisor.notify('kept', { number: 1 })";
  const dies = "setTimeout(() => process.kill(process.pid, 'SIGKILL'))";
  writeFileSync(
    file,
    `import { callSupervisor } from '${port.href}';
     const { supervisor } = callSupervisor({ go() { setTimeout(() => { ${sends}; ${dies}; }, 30); } });`,
  );
  const child = fork(file, { stdio: ['ignore', 'inherit', 'inherit', 'ipc', 'overlapped', 'overlapped'] });
  const kept = Promise.withResolvers<unknown>();
  const [reads, writes] = [child.stdio[PIPES.toSupervisor], (child.stdio as unknown[])[PIPES.toChild]] as [
    Socket,
    Socket,
  ];
  const rpc = pipeRpc({ reads, writes }, { kept: kept.resolve });
  await rpc.call('go');
  const exited = once(child, 'exit');
  // This process is busy: what came waits, and the child dies meanwhile.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400);
  rpc.notify('budgets', []);
  await exited;
  expect(await kept.promise).toEqual({ number: 1 });
});
