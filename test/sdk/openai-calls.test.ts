// Makes calls of WebRTC with the unmodified OpenAI SDK, in Node, and with the peer connection of a page, which a second
// one in the page answers for the provider.

import OpenAI from 'openai';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CALL_MODEL, CALL_OFFER, type CallGateway, startCallGateway, tellTurn } from '../support/call-gateway.ts';
import { ANSWER } from '../support/call-provider.ts';
import { launchChromium } from '../support/console-page.ts';
import { until } from '../support/until.ts';

let at: CallGateway;
let client: OpenAI;
beforeAll(async () => {
  at = await startCallGateway([
    { id: 'ann', secret: 'secret-of-ann' },
    { id: 'any', secret: 'secret-of-any', callIds: 'any' },
  ]);
  client = new OpenAI({ apiKey: 'secret-of-ann', baseURL: `http://127.0.0.1:${at.gateway.port}/v1`, maxRetries: 0 });
});
afterAll(() => at.close());

test('calls are made, transferred and hung up', async () => {
  const session = { type: 'realtime', model: CALL_MODEL } as const;
  const response = await client.realtime.calls.create({ sdp: CALL_OFFER, session });
  expect(await response.text()).toBe(ANSWER);
  const id = response.headers.get('location')?.split('/').at(-1) ?? '';
  const sideband = await at.provider.sideband(id);
  tellTurn(sideband, 10);
  await client.realtime.calls.refer(id, { target_uri: 'tel:+14155550123' });
  expect(at.provider.asked.at(-1)).toMatchObject({
    url: `/v1/realtime/calls/${id}/refer`,
    body: '{"target_uri":"tel:+14155550123"}',
  });
  await client.realtime.calls.hangup(id);
  expect(await at.gateway.nextEnd()).toMatchObject({
    key: 'ann',
    reason: 'provider-closed',
    usage: { inputTokens: 10 },
  });
});

test('calls that come in are accepted by a key that may, and rejected', async () => {
  await expect(client.realtime.calls.accept('rtc_in', { type: 'realtime', model: CALL_MODEL })).rejects.toMatchObject({
    status: 403,
    code: 'id_not_issued',
  });
  const any = client.withOptions({ apiKey: 'secret-of-any' });
  await any.realtime.calls.accept('rtc_in', { type: 'realtime', model: CALL_MODEL });
  await at.provider.sideband('rtc_in');
  await any.realtime.calls.reject('rtc_in', { status_code: 486 });
  expect(await at.gateway.nextEnd()).toMatchObject({ key: 'any', route: '/v1/realtime/calls/{id}/accept' });
});

test('calls of Live are made, and their recordings come back', async () => {
  const body = { session: { model: 'gpt-live-1' }, transport: { type: 'webrtc', sdp: CALL_OFFER } };
  const made = await client.post<{ session: { id: string }; transport: object }>('/live/sessions', { body });
  expect(made.transport).toEqual({ type: 'webrtc', sdp: ANSWER });
  const recording = await client
    .get(`/live/sessions/${made.session.id}/content`, { __binaryResponse: true })
    .asResponse();
  expect(await recording.text()).toBe('RIFF of the call');
  await client.post(`/live/sessions/${made.session.id}/hangup`);
  await at.gateway.nextEnd();
});

describe('in a page', () => {
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    browser = await launchChromium();
    page = await browser.newPage();
  });
  afterAll(() => browser?.close());

  test('an offer of a peer connection is answered by another, and what its channel says arrives', async () => {
    // The page of the gateway itself may use its key; the provider's peer is in the page as well, and its answer goes the way of the provider's.
    await page.goto(`http://localhost:${at.gateway.port}/console.json`);
    at.play.answer = ({ url, body }, response) => {
      if (url !== '/v1/realtime/calls') return false;
      const offer = /v=0[\s\S]*?(?=\r\n--trunkline)/.exec(body)?.[0] ?? '';
      void page
        .evaluate(async (sdp) => {
          const peer = new RTCPeerConnection();
          Object.assign(globalThis, { peerOfProvider: peer });
          peer.ondatachannel = ({ channel }) => {
            channel.onmessage = ({ data }) => channel.send(`heard: ${data}`);
          };
          await peer.setRemoteDescription({ type: 'offer', sdp });
          await peer.setLocalDescription(await peer.createAnswer());
          await new Promise<void>((resolve) => {
            if (peer.iceGatheringState === 'complete') resolve();
            else peer.onicegatheringstatechange = () => peer.iceGatheringState === 'complete' && resolve();
          });
          return peer.localDescription?.sdp ?? '';
        }, offer)
        .then((sdp) => {
          response
            .writeHead(201, { 'content-type': 'application/sdp', location: '/v1/realtime/calls/rtc_page' })
            .end(sdp);
        });
      return true;
    };
    (at.provider.calls as Set<string>).add('rtc_page');
    const heard = await page.evaluate(async (model) => {
      const peer = new RTCPeerConnection();
      const channel = peer.createDataChannel('oai-events');
      // On a busy machine it may be open before the answer is known to be taken.
      const reply = new Promise<string>((resolve) => {
        channel.onmessage = ({ data }) => resolve(data);
      });
      channel.onopen = () => channel.send('{"type":"response.create"}');
      peer.addTransceiver('audio');
      await peer.setLocalDescription(await peer.createOffer());
      await new Promise<void>((resolve) => {
        if (peer.iceGatheringState === 'complete') resolve();
        else peer.onicegatheringstatechange = () => peer.iceGatheringState === 'complete' && resolve();
      });
      const response = await fetch(`/v1/realtime/calls?model=${model}`, {
        method: 'POST',
        headers: { authorization: 'Bearer secret-of-ann', 'content-type': 'application/sdp' },
        body: peer.localDescription?.sdp ?? '',
      });
      await peer.setRemoteDescription({ type: 'answer', sdp: await response.text() });
      return [response.status, response.headers.get('location'), await reply];
    }, CALL_MODEL);
    expect(heard).toEqual([201, '/v1/realtime/calls/rtc_page', 'heard: {"type":"response.create"}']);
    const sideband = await at.provider.sideband('rtc_page');
    tellTurn(sideband, 7);
    await until(() => at.gateway.gateway.records().some(({ usage }) => usage.inputTokens === 7));
    at.provider.end('rtc_page');
    expect(await at.gateway.nextEnd()).toMatchObject({ model: CALL_MODEL, usage: { inputTokens: 7 } });
  });
});
