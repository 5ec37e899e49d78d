// The guard of ids: the messages that wait, and those that pass, while it is found out whose the ids in one of them are.

import { afterEach, describe, expect, test } from 'vitest';
import { findEndpoint } from '../../../../adapters/realtime/index.ts';
import { FrameReader } from '../../../../codecs/websocket/frame-reader.ts';
import { limitsSchema } from '../../../../server/config/schema.ts';
import { ClientGate, type ClientRule } from '../../../../server/session/hold/client-gate.ts';
import { idRule, type KeyIds } from '../../../../server/session/hold/id-guard.ts';
import type { Receivers } from '../../../../server/session/hold/inject-context.ts';
import type { ReadFrames } from '../../../../server/session/link/source-reader.ts';
import { messagesOf } from '../../../support/client-messages.ts';
import { openReadPeer } from '../../../support/peer.ts';
import { closeBytes, frameBytes } from '../../../support/raw-socket.ts';
import { destroySocketPairs } from '../../../support/socket-pair.ts';
import { until } from '../../../support/until.ts';

const RESPONSES = '/v1/responses';
const GEMINI = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent';
const limits = limitsSchema.parse({ pauseBytes: 64 * 1024 });
afterEach(destroySocketPairs);

const masked = (text: string, more = {}) => frameBytes(1, text, { masked: true, ...more });
const asking = (id: string) => JSON.stringify({ type: 'response.create', previous_response_id: id });
const plain = (name: string) => JSON.stringify({ type: name });

/** `owns`: as in KeyIds. Messages that pass, pings and ends are written down; what the client is sent comes out of `told`. */
async function open(path: string, owns: KeyIds['owns'] | undefined, behind: readonly ClientRule[] = []) {
  const client = await openReadPeer('client');
  const passed: string[] = [];
  const reader = new FrameReader({ isMasked: true, maxPayloadBytes: 1e6, maxFragments: 100, maxBufferedChunks: 1000 });
  let isOpen = true;
  let mayInterject = true;
  const endpoint = findEndpoint(path)?.endpoint;
  if (endpoint === undefined) throw new Error(`no route ${path}`);
  const unguarded: Receivers = {
    fromClient: (chunk) => {
      const batch = reader.read(chunk, 0);
      passed.push(...batch.frames.map(({ data }) => data.toString()), ...(batch.end ? [batch.end.name] : []));
      return batch;
    },
    fromProvider(chunk) {
      passed.push(`down ${chunk}`);
      return { count: 1, rest: undefined };
    },
    afterHeld: () => false,
  };
  const readAll = (by: ReadFrames) => (chunk: Buffer) => {
    let rest: Buffer | undefined = chunk;
    while (rest !== undefined) ({ rest } = by(rest, 0, Number.POSITIVE_INFINITY));
  };
  const { dialect } = endpoint;
  const rule = idRule(dialect, owns && { owns, handedOut: () => {} });
  const receivers: Receivers = new ClientGate(unguarded, {
    rules: rule === undefined ? behind : [rule, ...behind],
    subject: { dialect },
    client: client.peer,
    limits,
    messages: messagesOf(client.peer),
    isOpen: () => isOpen,
    interject(event) {
      if (mayInterject) client.peer.sendMessage(event);
      return mayInterject;
    },
    readAgain: (chunks) => chunks.forEach(readAll(receivers.fromClient)),
    onClientEnd: ({ name }) => void passed.push(name),
    metrics: { refused: (code) => void passed.push(code) },
    onRejected: ({ code }) => void passed.push(`rejected ${code}`),
    onFault: (error) => void passed.push(String(error)),
  });
  return {
    ...{ passed, client: client.peer },
    fromClient: readAll(receivers.fromClient),
    fromProvider: readAll(receivers.fromProvider),
    told: async () => JSON.parse((await client.raw.frame()).payload.toString()),
    end: () => {
      isOpen = false;
    },
    interject: (may: boolean) => {
      mayInterject = may;
    },
  };
}

test('there is no rule where the key has the account for itself, and in dialects without ids in frames', () => {
  const ids: KeyIds = { owns: () => true, handedOut: () => {} };
  const dialectOf = (path: string) => findEndpoint(path)?.endpoint.dialect ?? {};
  expect(idRule(dialectOf(RESPONSES), undefined)).toBeUndefined();
  expect(idRule(dialectOf('/v1/realtime'), ids)).toBeUndefined();
  expect(idRule(dialectOf(RESPONSES), ids)).toBeDefined();
});

test.each([
  ['at once', (bytes: Buffer) => [bytes]],
  ['byte by byte', (bytes: Buffer) => Array.from(bytes, (byte) => Buffer.from([byte]))],
])('what comes behind a message that is asked about waits, and follows it in order, %s', async (_, cut) => {
  const answers: ((isOwn: boolean) => void)[] = [];
  const { fromClient, passed } = await open(RESPONSES, () => new Promise((resolve) => answers.push(resolve)));
  const sent = [plain('one'), asking('a'), plain('two'), asking('b'), asking('c'), plain('three')];
  for (const chunk of cut(Buffer.concat(sent.map((text) => masked(text))))) fromClient(chunk);
  expect(passed).toEqual(sent.slice(0, 1));
  (await until(() => answers[0]))(true);
  await until(() => answers[1]);
  expect(passed).toEqual(sent.slice(0, 3));
  answers[1]?.(false);
  (await until(() => answers[2]))(true);
  await until(() => passed.length === 6);
  expect(passed).toEqual([...sent.slice(0, 3), 'id_not_issued', sent[4], sent[5]]);
});

test('a message whose ids are known here passes in the same bytes, its fragments included', async () => {
  const { fromClient, passed } = await open(RESPONSES, () => true);
  const text = asking('known');
  fromClient(masked(text));
  const first = frameBytes(1, text.slice(0, 10), { masked: true, fin: false });
  fromClient(first);
  fromClient(frameBytes(9, 'ping', { masked: true }));
  expect(passed).toEqual([text]);
  fromClient(frameBytes(0, text.slice(10), { masked: true }));
  expect(passed.at(-1)).toBe(text);
});

test('a refusal is told between the messages of the provider', async () => {
  const { fromClient, fromProvider, passed, interject, told } = await open(RESPONSES, () => false);
  interject(false);
  fromClient(masked(asking('foreign')));
  await until(() => passed.includes('id_not_issued'));
  fromProvider(Buffer.from('half '));
  interject(true);
  fromProvider(Buffer.from('whole'));
  expect(await told()).toMatchObject({ type: 'error', error: { code: 'previous_response_not_found' } });
  fromClient(masked(plain('later')));
  expect(passed.at(-1)).toBe(plain('later'));
});

test('a client that sends much while it waits is not read, and is read again afterwards', async () => {
  let answer = (_: boolean): void => {};
  const owns = () => new Promise<boolean>((resolve) => (answer = resolve));
  const { fromClient, passed, client } = await open(RESPONSES, owns);
  fromClient(masked(asking('a')));
  for (let sent = 0; sent < 70; sent++) fromClient(masked(' '.repeat(1000)));
  expect(client.isPaused).toBe(true);
  answer(true);
  await until(() => passed.length === 71);
  expect(client.isPaused).toBe(false);
});

test('the close of a client is read behind what waits, also in a session that has ended meanwhile', async () => {
  for (const isOver of [false, true]) {
    const { fromClient, passed, end } = await open(RESPONSES, async () => 'away' as const);
    fromClient(masked(asking('a')));
    fromClient(closeBytes(1000, '', { masked: true }));
    if (isOver) end();
    await until(() => passed.includes('closed'));
    expect(passed).toEqual(isOver ? ['closed'] : ['side_unavailable', 'closed']);
  }
});

test('a rule behind learns of a message only once it is known that it may pass, and may ask for something itself', async () => {
  const seen: string[] = [];
  const answers: ((isOwn: boolean) => void)[] = [];
  const instead = { data: Buffer.from(plain('instead')), binary: false };
  const behind: ClientRule[] = [
    {
      verdictOn: ({ data }) => {
        seen.push(data.toString());
        return data.includes('"c"') ? { instead } : undefined;
      },
      goesOn: () => true,
    },
    { verdictOn: () => ({ answer: Promise.resolve(undefined), isLast: false }), goesOn: () => true },
  ];
  const { fromClient, passed } = await open(RESPONSES, () => new Promise((resolve) => answers.push(resolve)), behind);
  for (const id of ['a', 'b', 'c']) fromClient(masked(asking(id)));
  fromClient(masked(plain('last')));
  expect(seen).toEqual([]);
  (await until(() => answers[0]))(false);
  (await until(() => answers[1]))(true);
  (await until(() => answers[2]))(true);
  await until(() => passed.length === 4);
  expect(passed).toEqual(['id_not_issued', asking('b'), plain('instead'), plain('last')]);
  expect(seen).toEqual([asking('b'), asking('c'), plain('last')]);
});

describe('Gemini Live', () => {
  const setup = (handle: string) => JSON.stringify({ setup: { sessionResumption: { handle } } });

  test('nothing is read any more once the setup has passed', async () => {
    const { fromClient, passed } = await open(GEMINI, () => true);
    fromClient(Buffer.concat([masked('{}'), masked(setup('a')), masked('later')]));
    fromClient(Buffer.from([0xff, 0x80]));
    expect(passed).toEqual(['{}', setup('a'), 'later', 'broken']);
  });

  test('a handle of somebody else ends the session, and nothing passes behind it', async () => {
    const { fromClient, passed } = await open(GEMINI, () => false);
    fromClient(Buffer.concat([masked(setup('a')), masked('{}')]));
    await until(() => passed.length > 0);
    fromClient(masked('{}'));
    expect(passed).toEqual(['rejected id_not_issued']);
  });
});
