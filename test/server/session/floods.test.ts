// Floods of frames: they are read a part at a time, whole and in order, so that the event loop goes on.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { findEndpoint } from '../../../adapters/realtime/index.ts';
import { openContinuedSession } from '../../support/continued-session.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { closed, message } from '../../support/inbox.ts';
import { type FakeProvider, startProvider } from '../../support/provider.ts';
import { closeBytes, type FrameOptions, frameBytes, socketOf, upgradeRaw } from '../../support/raw-socket.ts';
import { until } from '../../support/until.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
let provider: FakeProvider;
let gateway: TestGateway;

beforeAll(async () => {
  provider = await startProvider();
  gateway = await startGateway({ provider: provider.url });
});
afterAll(async () => {
  await gateway.close();
  await provider.close();
});

test('a flood that a client ends with a close is read a part at a time, and nothing of it is lost', async () => {
  const client = await upgradeRaw(gateway.port, REALTIME);
  const upstream = await provider.next();
  const frames = Array.from({ length: 2000 }, (_, index) => frameBytes(1, `${index}`));
  client.send(Buffer.concat([...frames, closeBytes(4001, 'done')]));
  client.socket.end();
  for (let index = 0; index < 2000; index++) expect((await message(upstream)).data.toString()).toBe(`${index}`);
  expect(await closed(upstream)).toEqual({ code: 4001, reason: 'done' });
  expect(await gateway.nextEnd()).toMatchObject({ reason: 'client-closed', frames: { upstream: 2000 } });
});

test('a client gets a pong for the newest ping of a read alone', async () => {
  const client = await upgradeRaw(gateway.port, REALTIME);
  await provider.next();
  client.send(Buffer.concat(Array.from({ length: 3000 }, (_, index) => frameBytes(9, `${index}`))));
  let pongs = 0;
  let newest = '';
  while (newest !== '2999') {
    newest = (await client.frame()).payload.toString();
    pongs += 1;
  }
  expect(pongs).toBeLessThan(300);
  client.socket.destroy();
  await gateway.nextEnd();
});

/** Starts to look at the number of frames that pass in one turn of the loop; the result is the largest. */
function watchTurns(frames: () => number): () => number {
  let [before, most, isOn] = [0, 0, true];
  const look = (): void => {
    const now = frames();
    most = Math.max(most, now - before);
    before = now;
    if (isOn) setImmediate(look);
  };
  look();
  return () => {
    isOn = false;
    return most;
  };
}

const FLOOD = 1500;
const sound = '{"type":"input_audio_buffer.append","audio":""}';
const floods: [string, (options: FrameOptions) => Buffer[], route?: string][] = [
  ['texts of one byte', (o) => [frameBytes(1, 'x', o)]],
  ['empty texts', (o) => [frameBytes(1, '', o)]],
  ['empty sounds', (o) => [frameBytes(2, '', o)]],
  ['empty sounds where all are alike', (o) => [frameBytes(2, '', o)], '/v1/agent/converse'],
  ['messages that begin alike', (o) => [frameBytes(1, sound, o)]],
  [
    'texts with a ping and a pong before them',
    (o) => [frameBytes(9, 'x', o), frameBytes(10, 'x', o), frameBytes(1, 'x', o)],
  ],
  [
    'texts in empty fragments',
    (o) => [
      frameBytes(1, 'x', { ...o, fin: false }),
      ...Array(8).fill(frameBytes(0, '', { ...o, fin: false })),
      frameBytes(0, '', o),
    ],
  ],
];

test.each(floods)(
  'a few hundred frames of either end pass in one turn of the loop: %s',
  async (_, framesOf, route = REALTIME) => {
    const client = await upgradeRaw(gateway.port, route);
    const upstream = await provider.next();
    const record = () => gateway.gateway.records()[0]?.frames ?? { upstream: 0, downstream: 0 };
    const most = watchTurns(() => record().upstream + record().downstream);
    const many = (options: FrameOptions) =>
      Buffer.concat(Array.from({ length: FLOOD }, () => framesOf(options)).flat());
    client.send(many({ masked: true }));
    socketOf(upstream).write(many({ masked: false }));
    await until(() => record().upstream === FLOOD && record().downstream === FLOOD);
    expect(most()).toBeLessThan(700);
    client.socket.destroy();
    await gateway.nextEnd();
  },
);

test('pings of a client that has yet to send the first message of a continued session are answered a part at a time', async () => {
  const deepgram = findEndpoint('/v1/agent/converse')?.endpoint.dialect;
  if (deepgram === undefined) throw new Error('no Deepgram');
  const { client, upstream, ended } = await openContinuedSession({ dialect: deepgram });
  client.send(Buffer.concat(Array.from({ length: FLOOD }, (_, index) => frameBytes(9, `${index}`))));
  let pongs = 0;
  for (let newest = ''; newest !== `${FLOOD - 1}`; pongs += 1) newest = (await client.frame()).payload.toString();
  expect(pongs).toBeLessThan(FLOOD / 10);
  expect(pongs).toBeGreaterThan(2);
  client.socket.destroy();
  upstream.socket.destroy();
  await ended;
});
