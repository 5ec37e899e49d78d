// The end of a session as each end sees it: codes and reasons are relayed, and codes that cannot be sent are mapped.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { type Close, frameRefused, reasons, relayed } from '../../../server/session/close-reason.ts';
import { openClient, startGateway, type TestGateway } from '../../support/gateway.ts';
import { closed, message } from '../../support/inbox.ts';
import { type FakeProvider, startProvider } from '../../support/provider.ts';
import {
  acceptRaw,
  closeBytes,
  closeOf,
  frameBytes,
  type RawSocket,
  socketOf,
  upgradeRaw,
} from '../../support/raw-socket.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
let provider: FakeProvider;
let gateway: TestGateway;
let onRawProvider: ((raw: RawSocket) => void) | undefined;

beforeAll(async () => {
  provider = await startProvider({
    onUpgrade(request, socket) {
      onRawProvider?.(acceptRaw(request, socket));
      return onRawProvider !== undefined;
    },
  });
  gateway = await startGateway({ provider: provider.url });
});
beforeEach(() => {
  onRawProvider = undefined;
});
afterAll(async () => {
  await gateway.close();
  await provider.close();
});

interface Ends {
  readonly client: WebSocket;
  readonly upstream: WebSocket;
}

async function open(): Promise<Ends> {
  const client = await openClient(gateway.url + REALTIME);
  return { client, upstream: await provider.next() };
}

const codes = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4008, 4999];
const closes = [
  ...codes.map((code) => ({ code, reason: '' })),
  { code: 1000, reason: 'OK' },
  { code: 1001, reason: 'Your session hit the maximum duration of 60 minutes.' },
  { code: 4000, reason: 'x'.repeat(123) },
  { code: 4001, reason: '語'.repeat(41) },
  { code: 1011, reason: 'é€😀\u0000"\\' },
];

describe('a close with a code', () => {
  test.each(closes)('is relayed from the client with its code and reason: $code $reason', async ({ code, reason }) => {
    const { client, upstream } = await open();
    client.close(code, reason);
    expect(await closed(upstream)).toEqual({ code, reason });
    expect(await closed(client)).toEqual({ code, reason });
    expect(await gateway.nextEnd()).toMatchObject({ reason: 'client-closed', closeCode: code, mayRetry: false });
  });

  test.each(closes)(
    'is relayed from the provider with its code and reason: $code $reason',
    async ({ code, reason }) => {
      const { client, upstream } = await open();
      upstream.close(code, reason);
      expect(await closed(client)).toEqual({ code, reason });
      expect(await closed(upstream)).toEqual({ code, reason });
      expect(await gateway.nextEnd()).toMatchObject({
        reason: 'provider-closed',
        closeCode: code,
        mayRetry: code !== 1000,
      });
    },
  );
});

describe('a close without a code', () => {
  test('is relayed from the client without one', async () => {
    const { client, upstream } = await open();
    client.close();
    expect(await closed(upstream)).toEqual({ code: 1005, reason: '' });
    expect(await gateway.nextEnd()).toMatchObject({ reason: 'client-closed', closeCode: 1005 });
  });

  test('is relayed from the provider without one', async () => {
    const { client, upstream } = await open();
    upstream.close();
    expect(await closed(client)).toEqual({ code: 1005, reason: '' });
    expect(await gateway.nextEnd()).toMatchObject({ reason: 'provider-closed', closeCode: 1005 });
  });
});

const losses: [string, (ws: WebSocket) => void][] = [
  ['destroyed', (ws) => ws.terminate()],
  ['half-closed', (ws) => socketOf(ws).end()],
  ['reset', (ws) => socketOf(ws).resetAndDestroy()],
];

describe('an end that is lost without a close', () => {
  test.each(losses)('closes the provider with 1011 when the client is %s', async (_, lose) => {
    const { client, upstream } = await open();
    lose(client);
    expect(await closed(upstream)).toEqual({ code: 1011, reason: '' });
    expect(await gateway.nextEnd()).toMatchObject({ reason: 'client-lost', closeCode: 1006 });
  });

  test.each(losses)('closes the client with 1011 when the provider is %s', async (_, lose) => {
    const { client, upstream } = await open();
    lose(upstream);
    expect(await closed(client)).toEqual({ code: 1011, reason: '' });
    expect(await gateway.nextEnd()).toMatchObject({ reason: 'provider-lost', closeCode: 1011, mayRetry: true });
  });
});

describe('a close that no end may send', () => {
  const invalid: [string, (masked: boolean) => Buffer][] = [
    ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535].map((code): [string, (m: boolean) => Buffer] => [
      `code ${code}`,
      (masked) => closeBytes(code, 'why', { masked }),
    ]),
    ['a single byte', (masked) => frameBytes(8, Buffer.from([3]), { masked })],
  ];

  test.each(invalid)('breaks the protocol from the client: %s', async (_, bytes) => {
    const client = await upgradeRaw(gateway.port, REALTIME);
    const upstream = await provider.next();
    client.send(bytes(true));
    expect(closeOf(await client.frame())).toEqual({ code: 1002, reason: '' });
    client.socket.end();
    expect(await closed(upstream)).toEqual({ code: 1011, reason: '' });
    expect(await gateway.nextEnd()).toMatchObject({ reason: 'client-broke-protocol', closeCode: 1002 });
  });

  test.each(invalid)('breaks the protocol from the provider: %s', async (_, bytes) => {
    const { promise, resolve } = Promise.withResolvers<RawSocket>();
    onRawProvider = resolve;
    const client = await openClient(gateway.url + REALTIME);
    const upstream = await promise;
    upstream.send(bytes(false));
    expect(closeOf(await upstream.frame())).toEqual({ code: 1002, reason: '' });
    upstream.socket.end();
    const told = { code: 1011, reason: 'the provider broke the WebSocket protocol' };
    expect(await closed(client)).toEqual(told);
    expect(await gateway.nextEnd()).toMatchObject({ reason: 'provider-broke-protocol', closeCode: 1011 });
  });
});

test('relays everything that an end sent before its close, then the close', async () => {
  const { client, upstream } = await open();
  for (let index = 0; index < 50; index++) upstream.send(`${index}`);
  upstream.close(4001, 'moved');
  for (let index = 0; index < 50; index++) expect((await message(client)).data.toString()).toBe(`${index}`);
  expect(await closed(client)).toEqual({ code: 4001, reason: 'moved' });
});

test('ends the session once when both ends close at once', async () => {
  const { client, upstream } = await open();
  client.close(4001);
  upstream.close(4002);
  await Promise.all([closed(client), closed(upstream)]);
  expect(['client-closed', 'provider-closed']).toContain((await gateway.nextEnd()).reason);
});

describe('the mapping', () => {
  test('keeps a code with its reason, byte for byte', () => {
    const reason = Buffer.from('bye');
    expect(relayed(4001, reason)).toEqual({ code: 4001, reason });
  });

  test('maps 1005 to an empty close, 1006 and 1015 to 1011', () => {
    expect(relayed(1005, Buffer.alloc(0))).toEqual({});
    expect(relayed(1006, Buffer.alloc(0))).toEqual({ code: 1011 });
    expect(relayed(1015, Buffer.alloc(0))).toEqual({ code: 1011 });
  });

  test.each([
    ['short', 'short'],
    ['x'.repeat(123), 'x'.repeat(123)],
    ['x'.repeat(124), `${'x'.repeat(117)}...`],
    ['語'.repeat(60), `${'語'.repeat(39)}...`],
    [`x${'😀'.repeat(60)}`, `x${'😀'.repeat(29)}...`],
  ])('cuts the message of a refusal to the 123 bytes of a reason: %s', (text, fits) => {
    expect(frameRefused(text).client).toEqual({ code: 1008, reason: fits });
    expect(Buffer.byteLength(fits)).toBeLessThanOrEqual(123);
  });

  test('gives every ending of our own a code and a reason that can be sent', () => {
    for (const { client, provider: upstream } of Object.values(reasons)) {
      for (const close of [client, upstream]) {
        if (close === 'lost') continue;
        const { code, reason = '' }: Close = close;
        expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
        if (code !== undefined)
          expect(code === 1001 || code === 1013 || code === 1008 || code === 1011 || code >= 4000).toBe(true);
      }
    }
  });
});
