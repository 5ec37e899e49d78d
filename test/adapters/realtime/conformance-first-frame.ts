// The part of the conformance suite for endpoints whose clients may have their credential in the first message: they have their 101 before anything
// is known of them, and no provider is dialled for what is refused.

import { expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { closed, message } from '../../support/inbox.ts';
import { frameBytes, socketOf } from '../../support/raw-socket.ts';
import { type ConformanceGateways, KEY, LISTED_KEY } from './conformance-gateways.ts';
import { type DialectFixture, type ExpectedRefusal, IN_FRAME, payloadOf, withKey } from './fixture.ts';

interface FirstFrameSubject {
  readonly target: string;
  /** The credential that messages to the provider have. */
  readonly inFrame: string | undefined;
  gateways(): ConformanceGateways;
  refusalEvent(refusal: ExpectedRefusal): unknown;
}

export function checkFirstFrame(
  { conversation, naming }: DialectFixture,
  { target, inFrame, gateways, refusalEvent }: FirstFrameSubject,
): void {
  const [, payload = {}] = conversation.find(([from]) => from === 'client') ?? [];
  const first = payloadOf(payload);
  const firstText = String(first.data);

  /** Returns the event and the close of a client that is refused. Its provider has not been dialled meanwhile. */
  async function refused(client: WebSocket, dialledBefore: number): Promise<unknown> {
    const told = JSON.parse(String((await message(client)).data));
    const { code } = await closed(client);
    expect(gateways().dialled()).toBe(dialledBefore);
    return { told, code };
  }

  const refusal = (status: number, code: string, closeCode = 1008) => ({
    told: refusalEvent({ status, code, message: expect.any(String), help: undefined }),
    code: closeCode,
  });

  test('a conversation passes byte by byte where the first message has the key', async () => {
    const client = await gateways().begin(target);
    let upstream: WebSocket | undefined;
    for (const [from, each] of conversation) {
      const { data, binary } = payloadOf(each);
      if (from === 'client') client.send(withKey({ data, binary }, KEY).data, { binary });
      upstream ??= await gateways().provider();
      if (from === 'provider') upstream.send(data, { binary });
      expect(await message(from === 'client' ? upstream : client)).toEqual(withKey({ data, binary }, inFrame));
    }
    client.close(1000);
    expect(await gateways().ended()).toMatchObject({ key: 'all', closeCode: 1000 });
  });

  test('what is sent behind the first message before a provider is there passes in its order, and so does a close', async () => {
    const client = await gateways().begin(target);
    client.send(withKey(first, KEY).data, { binary: first.binary });
    const behind = Array.from({ length: 50 }, (_, index) => Buffer.from(`behind ${index}`));
    for (const data of behind) client.send(data, { binary: true });
    const upstream = await gateways().provider();
    expect(await message(upstream)).toEqual(withKey(first, inFrame));
    for (const data of behind) expect((await message(upstream)).data).toEqual(data);
    upstream.close(4321, 'enough');
    expect(await closed(client)).toEqual({ code: 4321, reason: 'enough' });
    await gateways().ended();
  });

  test.each([
    ['no key', '', 401, 'invalid_key', 'keyed', {}],
    ['a wrong key', 'wrong', 401, 'invalid_key', 'keyed', {}],
    ['a key on a foreign page', KEY, 403, 'origin_not_allowed', 'keyed', { origin: 'https://foreign.example' }],
  ] as const)('a first message with %s is refused in an event', async (_what, key, status, code, which, headers) => {
    const before = gateways().dialled();
    const client = await gateways().connect(which, target, headers);
    client.send(withKey(first, key).data, { binary: first.binary });
    expect(await refused(client, before)).toEqual(refusal(status, code));
  });

  test.runIf(naming !== undefined)(
    'a model that the key may not use is refused before a provider is dialled',
    async () => {
      const before = gateways().dialled();
      const client = await gateways().connect('keyed', target);
      client.send(JSON.stringify(naming?.('forbidden')).replace(IN_FRAME, LISTED_KEY));
      expect(await refused(client, before)).toEqual(refusal(403, 'model_not_allowed'));
    },
  );

  const hostile: readonly (readonly [string, Buffer])[] = [
    ['a binary message', frameBytes(2, withKey(first, KEY).data)],
    ['no object', frameBytes(1, `["${KEY}"]`)],
    ['no JSON', frameBytes(1, withKey(first, KEY).data.subarray(1))],
    [
      'the credential twice',
      frameBytes(
        1,
        withKey(first, KEY)
          .data.toString()
          .replace('{', `${twice(firstText)},`),
      ),
    ],
    ['a credential that is no text', frameBytes(1, firstText.replace(`"${IN_FRAME}"`, '{"a":1}'))],
    ['an object that never ends', frameBytes(1, '{"a":'.repeat(2000))],
  ];
  test.each(hostile)('%s is refused as a first message', async (_what, bytes) => {
    const before = gateways().dialled();
    const client = await gateways().connect('keyed', target);
    socketOf(client).write(bytes);
    expect(await refused(client, before)).toEqual(refusal(400, 'invalid_request'));
  });

  test('a first message that is too large is refused with 1009', async () => {
    const before = gateways().dialled();
    const client = await gateways().connect('keyed', target);
    client.send(withKey(first, 'x'.repeat(1024 * 1024)).data, { binary: first.binary });
    expect((await closed(client)).code).toBe(1009);
    expect(gateways().dialled()).toBe(before);
  });

  test('pings are answered, and a close before the first message is', async () => {
    const before = gateways().dialled();
    const client = await gateways().connect('keyed', target);
    const ponged = new Promise((resolve) => client.once('pong', (data) => resolve(String(data))));
    client.ping('are you there');
    expect(await ponged).toBe('are you there');
    client.close(4001, 'nothing to say');
    expect(await closed(client)).toMatchObject({ code: 4001 });
    expect(gateways().dialled()).toBe(before);
  });
}

/** The object's opening, and the credential once more. */
function twice(text: string): string {
  const [member = ''] = new RegExp(`"[^"]+":"${IN_FRAME}"`).exec(text) ?? [];
  return `{${member}`;
}
