// Bytes that are read into memory which is used again: all of them, in order, on every kind of socket.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { dialledIntake, type Intake, intakeOf, streamIntake } from '../../server/intake.ts';
import { testCertificate } from '../support/certificate.ts';
import { seededRandom } from '../support/random.ts';
import { until } from '../support/until.ts';

const ends: (Server | Socket)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) {
    if (end instanceof Socket) end.destroy();
    else await new Promise((resolve) => end.close(resolve));
  }
});

/** A socket of each kind, and the other end that writes to it. */
async function pair(kind: 'dialled' | 'accepted', secure: boolean): Promise<{ reader: Socket; writer: Socket }> {
  const certificate = await testCertificate();
  const [cert, key, ca] = [certificate.certPath, certificate.keyPath, certificate.caPath].map((path) =>
    readFileSync(path),
  );
  const server = secure ? createTlsServer({ cert, key }) : createServer();
  ends.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepting = once(server, secure ? 'secureConnection' : 'connection');
  const { onread, bind } = dialledIntake();
  const options = {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    ...(kind === 'dialled' && { onread }),
  };
  const open = secure ? connectTls({ ...options, ca, servername: 'localhost' }) : connect(options);
  const client = kind === 'dialled' ? bind(open) : open;
  const [accepted] = (await accepting) as [Socket];
  for (const socket of [client, accepted]) socket.on('error', () => {});
  ends.push(client, accepted);
  return kind === 'dialled' ? { reader: client, writer: accepted } : { reader: accepted, writer: client };
}

const kinds = (['dialled', 'accepted'] as const).flatMap((kind) =>
  [false, true].map((secure) => ({ name: `${kind}${secure ? ' with TLS' : ''}`, kind, secure })),
);

describe.each(kinds)('a socket that was $name', ({ kind, secure }) => {
  test.each([
    ['into its own memory', intakeOf],
    ['as a stream', streamIntake],
  ] as const)('gives every byte in order, also what came before the start, %s', async (_, intake) => {
    const { reader, writer } = await pair(kind, secure);
    const random = seededRandom(3);
    const sent = Buffer.alloc(4_000_000, random.bytes(10_007));
    writer.write(sent.subarray(0, 1000));
    if (intake === intakeOf) await until(() => reader.bytesRead >= 1000 || reader.readableLength > 0);
    const received: Buffer[] = [];
    let length = 0;
    const own: Intake = intake === streamIntake && kind === 'dialled' ? intakeOf(reader) : intake(reader);
    own.start((chunk) => {
      received.push(Buffer.from(chunk));
      length += chunk.length;
    });
    reader.resume();
    for (let at = 1000; at < sent.length; ) {
      const size = 1 + random.below(60_000);
      writer.write(sent.subarray(at, at + size));
      at += size;
    }
    await until(() => length === sent.length);
    expect(Buffer.concat(received).equals(sent)).toBe(true);
  });

  test('reads into the same memory, unless it is kept', async () => {
    const { reader, writer } = await pair(kind, secure);
    const chunks: Buffer[] = [];
    const intake = intakeOf(reader);
    let isKeeping = false;
    intake.start((chunk) => {
      chunks.push(chunk);
      if (isKeeping) intake.keep();
    });
    reader.resume();
    const say = async (text: string) => {
      const count = chunks.length;
      writer.write(text);
      await until(() => chunks.length > count);
    };
    await say('one');
    await say('two');
    expect(chunks[0]?.buffer).toBe(chunks[1]?.buffer);
    expect(chunks[0]?.toString()).toBe('two');
    isKeeping = true;
    await say('ten');
    isKeeping = false;
    await say('six');
    expect(chunks[2]?.toString()).toBe('ten');
    expect(chunks[3]?.buffer).not.toBe(chunks[2]?.buffer);
  });

  test('is not read while it is paused', async () => {
    const { reader, writer } = await pair(kind, secure);
    let length = 0;
    intakeOf(reader).start((chunk) => {
      length += chunk.length;
    });
    reader.resume();
    writer.write('a');
    await until(() => length === 1);
    reader.pause();
    writer.write(Buffer.alloc(30_000_000));
    let before = -1;
    await until(() => {
      const isStill = writer.writableLength === before && before > 0;
      before = writer.writableLength;
      return isStill;
    });
    expect(length).toBeLessThan(1_000_000);
    reader.resume();
    await until(() => length === 30_000_001);
  });
});
