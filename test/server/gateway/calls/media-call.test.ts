// Checks what becomes of a call whose media does not pass the gateway: what its sideband tells is counted, and whatever ends a session hangs it up.

import { once } from 'node:events';
import { request, type ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  CALL_MODEL,
  CALL_OFFER,
  type CallGateway,
  headersOfKey,
  startCallGateway,
  tell,
  tellTurn,
} from '../../../support/call-gateway.ts';
import { openClient, refusedUpgrade } from '../../../support/gateway.ts';
import { message } from '../../../support/inbox.ts';
import { until } from '../../../support/until.ts';

const keys = [
  { id: 'ann', secret: 'secret-of-ann' },
  { id: 'bob', secret: 'secret-of-bob' },
  { id: 'one', secret: 'secret-of-one', maxSessions: 1 },
  { id: 'short', secret: 'secret-of-short', maxSessionSeconds: 1 },
  { id: 'poor', secret: 'secret-of-poor', maxUsdPerSession: 0.001 },
  { id: 'listed', secret: 'secret-of-listed', models: [`openai/${CALL_MODEL}`, 'openai/whisper-1'] },
];

let at: CallGateway;
beforeEach(async () => {
  at = await startCallGateway(keys);
});
afterEach(() => at.close());

const hungUp = (id: string) => at.provider.request(`/${id}/hangup`);

describe('what a sideband tells', () => {
  test('is counted and kept like that of a session', async () => {
    const { id, session, sideband } = await at.make();
    tell(sideband, { type: 'session.created', session: { type: 'realtime', model: CALL_MODEL } });
    tellTurn(sideband, 100);
    await until(() => at.gateway.gateway.record(session)?.usage.inputTokens === 100);
    const ended = at.gateway.nextEnd();
    at.provider.end(id);
    const record = await ended;
    expect(record).toMatchObject({
      ...{ id: session, key: 'ann', provider: 'openai', route: '/v1/realtime/calls', dialect: 'openai-realtime' },
      ...{
        model: CALL_MODEL,
        reason: 'provider-closed',
        state: 'closed',
        usage: { inputTokens: 100, outputTokens: 100 },
      },
      timeline: expect.arrayContaining([
        expect.objectContaining({ kind: 'open' }),
        expect.objectContaining({ kind: 'usage' }),
        expect.objectContaining({ kind: 'close', by: 'provider' }),
      ]),
    });
    expect(at.events.map(({ kind }) => kind)).toEqual(['handed-out', 'started', 'turn', 'ended']);
    expect(at.events.find(({ kind }) => kind === 'turn')).toMatchObject({ assistant: 'Good morning.' });
    expect(await at.gateway.sample('trunkline_sessions_opened_total', { provider: 'openai' })).toBe(1);
    expect(await at.gateway.sample('trunkline_closes_total', { reason: 'provider-closed' })).toBe(1);
    expect(at.gateway.held).toEqual([{ session, provider: 'openai', path: '/v1/realtime/calls', id }]);
  });

  test('of Live is the sum of its seconds, which come once more with its end', async () => {
    const { session, sideband, id } = await at.makeLive();
    tell(sideband, { type: 'session.started', session: { id, model: 'gpt-live-1' } });
    tell(sideband, { type: 'session.usage.updated', usage: { seconds: 3 } });
    await until(() => at.gateway.gateway.record(session)?.usage.seconds === 3);
    const ended = at.gateway.nextEnd();
    at.gateway.gateway.endSession({ id: session, key: 'ann', message: 'by order' });
    expect(JSON.parse((await message(sideband)).data.toString())).toEqual({ type: 'session.close' });
    tell(sideband, { type: 'session.closed', reason: 'close_requested', usage: { seconds: 4.5 } });
    expect(await ended).toMatchObject({ reason: 'ended-by-operator', usage: { seconds: 4.5 }, model: 'gpt-live-1' });
    expect(at.provider.asked.filter(({ url }) => url.endsWith('/hangup'))).toEqual([]);
  });

  test('is told to the sideband of the app, too, which counts nothing', async () => {
    const { id, sideband, session } = await at.make();
    const path = `${at.gateway.url}/v1/realtime?call_id=${id}`;
    const refused = await refusedUpgrade(path, { headers: headersOfKey('bob') });
    expect([refused.status, JSON.parse(refused.body).error.code]).toEqual([403, 'id_not_issued']);
    const client = await openClient(path, { headers: headersOfKey('ann') });
    const own = await at.provider.sideband(id, 2);
    for (const ws of [sideband, own]) tellTurn(ws, 50);
    await until(() => at.gateway.gateway.record(session)?.usage.inputTokens === 50);
    for (const type of ['input_audio_buffer.speech_stopped', 'response.output_audio_transcript.done', 'response.done'])
      expect(JSON.parse((await message(client)).data.toString()).type).toBe(type);
    client.close(1000);
    const joined = await at.gateway.nextEnd();
    expect([joined.reason, joined.usage, joined.usageByModel]).toEqual(['client-closed', {}, undefined]);
    expect(at.provider.calls.has(id)).toBe(true);
  });

  test('of a call of a key with a list of models is joined by that key', async () => {
    const { id } = await at.make('listed');
    const client = await openClient(`${at.gateway.url}/v1/realtime?call_id=${id}`, { headers: headersOfKey('listed') });
    client.close(1000);
    expect(await at.gateway.nextEnd()).toMatchObject({ reason: 'client-closed' });
  });
});

describe('a call is hung up', () => {
  test('when its time is over', async () => {
    const { id } = await at.make('short');
    expect(await at.gateway.nextEnd()).toMatchObject({ reason: 'session-limit' });
    await hungUp(id);
  });

  test('when its sideband has told nothing for too long (limits.idleMs)', async () => {
    await at.close();
    at = await startCallGateway(keys, { idleMs: 1500 });
    const [told, silent] = [await at.make(), await at.make()];
    const telling = setInterval(() => tell(told.sideband, { type: 'rate_limits.updated' }), 50);
    expect(await at.gateway.nextEnd()).toMatchObject({ id: silent.session, reason: 'idle', closeCode: 4408 });
    await hungUp(silent.id);
    expect(at.provider.calls.has(told.id)).toBe(true);
    clearInterval(telling);
    expect(await at.gateway.nextEnd()).toMatchObject({ id: told.session, reason: 'idle' });
  });

  test('when it has cost what it may, with the reply that is under way', async () => {
    const { id, sideband } = await at.make('poor');
    tellTurn(sideband, 5000);
    expect(await at.gateway.nextEnd()).toMatchObject({ reason: 'budget-reached', usage: { inputTokens: 5000 } });
    await hungUp(id);
  });

  test('by the order of an operator, behind the usage of the reply that it cuts off', async () => {
    const { id, session, sideband } = await at.make();
    tell(sideband, { type: 'input_audio_buffer.speech_stopped', item_id: 'item_1' });
    tell(sideband, { type: 'response.output_audio.delta', delta: 'AAAA' });
    await until(() => (at.gateway.gateway.record(session)?.frames.downstream ?? 0) >= 2);
    at.gateway.gateway.endSession({ id: session, key: 'ann', message: 'by order' });
    expect(JSON.parse((await message(sideband)).data.toString())).toEqual({ type: 'response.cancel' });
    expect(at.provider.asked.some(({ url }) => url.endsWith('/hangup'))).toBe(false);
    const usage = { total_tokens: 3, input_tokens: 1, output_tokens: 2 };
    tell(sideband, { type: 'response.done', response: { status: 'cancelled', usage } });
    expect(await at.gateway.nextEnd()).toMatchObject({ reason: 'ended-by-operator', usage: { outputTokens: 2 } });
    await hungUp(id);
  });

  test('when the gateway ends', async () => {
    const { id } = await at.make();
    await at.gateway.close();
    expect(at.gateway.ended).toEqual([expect.objectContaining({ reason: 'drained' })]);
    expect(at.provider.asked.at(-1)?.url).toBe(`/v1/realtime/calls/${id}/hangup`);
  });

  test('again, when the provider cannot do it at once', async () => {
    let refused = 0;
    at.play.answer = ({ url }, response) => {
      if (!url.endsWith('/hangup') || refused++ > 0) return false;
      response.writeHead(503).end();
      return true;
    };
    const { id, session } = await at.make();
    at.gateway.gateway.endSession({ id: session, key: 'ann', message: 'by order' });
    await at.gateway.nextEnd();
    expect(at.provider.asked.filter(({ url }) => url.endsWith(`/${id}/hangup`))).toHaveLength(2);
    expect(at.provider.calls.has(id)).toBe(false);
  });

  test('when its client has left before the answer', async () => {
    const asked = Promise.withResolvers<void>();
    const left = Promise.withResolvers<void>();
    at.play.answer = ({ url }, response) => {
      if (url !== '/v1/realtime/calls') return false;
      asked.resolve();
      void left.promise.then(() => response.writeHead(201, { location: '/v1/realtime/calls/rtc_left' }).end('v=0'));
      return true;
    };
    const headers = { ...headersOfKey('ann'), 'content-type': 'application/sdp' };
    const call = request({ port: at.gateway.port, path: '/v1/realtime/calls', method: 'POST', headers });
    const gone = new Promise((resolve) => call.on('error', () => {}).once('close', resolve));
    call.end(CALL_OFFER);
    await asked.promise;
    call.destroy();
    await gone;
    left.resolve();
    expect(await at.gateway.nextEnd()).toMatchObject({ reason: 'client-lost' });
    await hungUp('rtc_left');
  });

  test('when its caller turns on a model that its key may not use', async () => {
    const { id, sideband } = await at.make('listed', {
      model: CALL_MODEL,
      audio: { input: { transcription: { model: 'whisper-1' } } },
    });
    const shown = (model: string) => ({
      type: 'realtime',
      model: CALL_MODEL,
      audio: { input: { transcription: { model } } },
    });
    tell(sideband, { type: 'session.created', session: shown('whisper-1') });
    tell(sideband, { type: 'session.updated', session: shown('gpt-4o-transcribe') });
    expect(await at.gateway.nextEnd()).toMatchObject({ reason: 'frame-refused' });
    await hungUp(id);
  });
});

test('a call takes a place of its key until it is over, and a refused one takes none', async () => {
  const { id } = await at.make('one');
  const full = await at.ask('one');
  expect([full.status, (await full.json()).error.code]).toEqual([429, 'too_many_sessions']);
  at.provider.end(id);
  await at.gateway.nextEnd();
  at.play.answer = (_, response) => {
    response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":{"message":"bad provider-secret"}}');
    return true;
  };
  const refused = await at.ask('one');
  expect([refused.status, await refused.text()]).toEqual([400, '{"error":{"message":"bad ***************"}}']);
  at.play.answer = undefined;
  await at.make('one');
});

test('a provider that does not answer, or names no call, is told as what it is', async () => {
  at.play.answer = (_, response) => Boolean(response.writeHead(201).end('v=0'));
  const nameless = await at.ask('ann');
  expect([nameless.status, (await nameless.json()).error.code]).toEqual([502, 'upstream_refused']);
  at.play.answer = (_, response) => Boolean(response.destroy());
  const broken = await at.ask('ann');
  expect([broken.status, (await broken.json()).error.code]).toEqual([502, 'upstream_unreachable']);
  expect(at.gateway.gateway.records()).toEqual([]);
});

describe('a recording', () => {
  const ask = (id: string, signal: AbortSignal | null = null) =>
    fetch(`http://127.0.0.1:${at.gateway.port}/v1/live/sessions/${id}/content`, {
      headers: headersOfKey('ann'),
      signal,
    });
  /** The provider begins recordings so, and ends none. */
  const hold = (begin: (response: ServerResponse) => void): Promise<ServerResponse> => {
    const { promise, resolve } = Promise.withResolvers<ServerResponse>();
    at.play.answer = ({ url }, response) => {
      if (!url.endsWith('/content')) return false;
      begin(response);
      resolve(response);
      return true;
    };
    return promise;
  };

  test('takes a place of limits.maxDownloads until its client has it, or leaves', async () => {
    await at.close();
    at = await startCallGateway(keys, { maxDownloads: 1 });
    const { id } = await at.makeLive();
    const held = hold((response) => response.writeHead(200, { 'content-type': 'audio/wav' }).write('RIFF'));
    const leaving = new AbortController();
    expect((await ask(id, leaving.signal)).status).toBe(200);
    const gone = once(await held, 'close');
    const full = await ask(id);
    expect([full.status, (await full.json()).error.code]).toEqual([503, 'too_many_connections']);
    expect(full.headers.get('retry-after')).toBe('1');
    leaving.abort();
    await gone;
    at.play.answer = undefined;
    for (let times = 0; times < 2; times++) {
      const whole = await until(async () => {
        const answer = await ask(id);
        return answer.status === 200 && answer;
      });
      expect(await whole.text()).toBe('RIFF of the call');
    }
  });

  test('is asked for no longer once its client has left', async () => {
    const { id } = await at.makeLive();
    const held = hold(() => {});
    const leaving = new AbortController();
    const answer = ask(id, leaving.signal).catch(() => 'left');
    const gone = once(await held, 'close');
    leaving.abort();
    expect(await answer).toBe('left');
    await gone;
    const left = () => at.gateway.sample('trunkline_refusals_total', { code: 'client_left', status: 499 });
    await until(async () => (await left()) === 1);
  });
});
