// The rehearsal provider over real sockets and with recorded speech.

import { once } from 'node:events';
import { request } from 'node:http';
import { createServer, connect as dial } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningRehearsal, startRehearsal } from '../../../server/rehearsal/host.ts';
import { at } from '../../support/dialogue.ts';
import { type Recording, spokenTurn } from '../../support/recording.ts';
import { RehearsalClient } from '../../support/rehearsal-client.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
const LIVE = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent';
const times = { firstAudioMs: 20, firstTextMs: 10, tokenMs: 0, audioSpeed: 100, transcriptionMs: 0 };
let rehearsal: RunningRehearsal;

beforeAll(async () => {
  rehearsal = await startRehearsal({ times, awaitPlayback: false });
});

afterAll(() => rehearsal.close());

async function open(path: string, protocols: string[] = []): Promise<RehearsalClient> {
  const client = new RehearsalClient(rehearsal.url + path, protocols);
  await client.opened();
  return client;
}

function speak(client: RehearsalClient, name: Recording): void {
  for (const audio of spokenTurn(name, 24_000)) client.send({ type: 'input_audio_buffer.append', audio });
}

/** The answer to an upgrade that is refused. */
async function refusal(host: RunningRehearsal, path: string, more: Readonly<Record<string, string>> = {}) {
  const upgrade = request({
    port: host.port,
    path,
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': Buffer.alloc(16).toString('base64'),
      ...more,
    },
  });
  upgrade.end();
  const [response] = await once(upgrade, 'response');
  let body = '';
  for await (const chunk of response) body += chunk;
  return { status: response.statusCode as number, headers: response.headers, body };
}

describe('OpenAI Realtime', () => {
  test.each<[Recording, number]>([
    ['librivox-0880', 3],
    ['librivox-0920', 6],
    ['librivox-0930', 3],
  ])('finds %s to be one turn of %d seconds and answers in speech', async (name, seconds) => {
    const client = await open(REALTIME);
    client.send({
      type: 'session.update',
      session: { type: 'realtime', audio: { input: { transcription: { model: 'gpt-realtime-whisper' } } } },
    });
    speak(client, name);
    await client.type('rate_limits.updated');
    expect(client.all('input_audio_buffer.speech_started').length).toBe(1);
    expect(client.all('input_audio_buffer.committed').length).toBe(1);
    const [transcript] = client.all('response.output_audio_transcript.done');
    expect(transcript?.transcript).toBe(`This is the rehearsal provider. I heard ${seconds} seconds of speech.`);
    const audio = client.all('response.output_audio.delta').map(({ delta }) => Buffer.from(String(delta), 'base64'));
    const playedMs = audio.reduce((sum, bytes) => sum + bytes.length, 0) / 48;
    // The sentence takes about four seconds, then come the caller's own words.
    expect(playedMs).toBeGreaterThan(3000 + (seconds - 1) * 1000);
    expect(Math.max(...samples(audio[10]))).toBeGreaterThan(500);
    client.socket.close();
  });

  test('stops answering when it is interrupted', async () => {
    const slow = await startRehearsal({ times: { ...times, audioSpeed: 1 } });
    const client = new RehearsalClient(slow.url + REALTIME);
    await client.opened();
    speak(client, 'librivox-0920');
    await client.type('response.output_audio.delta');
    speak(client, 'librivox-0880');
    const done = await client.type('response.done');
    expect(done.response).toMatchObject({ status: 'cancelled', status_details: { reason: 'turn_detected' } });
    await slow.close();
  });

  test('answers a manual turn when a response is created', async () => {
    const client = await open(REALTIME);
    client.send({ type: 'session.update', session: { type: 'realtime', audio: { input: { turn_detection: null } } } });
    speak(client, 'librivox-0880');
    client.send({ type: 'input_audio_buffer.commit' });
    client.send({ type: 'response.create' });
    await client.type('response.done');
    expect(client.all('input_audio_buffer.speech_started')).toEqual([]);
    client.socket.close();
  });

  test('streams text, and calls a function', async () => {
    const client = await open(REALTIME);
    const tools = [{ type: 'function', name: 'clock', parameters: { type: 'object', properties: {} } }];
    client.send({ type: 'session.update', session: { type: 'realtime', output_modalities: ['text'], tools } });
    const content = [{ type: 'input_text', text: 'Use the clock tool.' }];
    client.send({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content } });
    client.send({ type: 'response.create' });
    const { call_id } = await client.type('response.function_call_arguments.done');
    await client.type('response.done');
    const item = { type: 'function_call_output', call_id, output: 'four' };
    client.send({ type: 'conversation.item.create', item });
    client.send({ type: 'response.create' });
    const { text } = await client.type('response.output_text.done');
    expect(text).toBe('This is the rehearsal provider. The tool clock answered: four');
    client.socket.close();
  });
});

test('Responses streams text', async () => {
  const client = await open('/v1/responses');
  client.send({ type: 'response.create', model: 'gpt-5', input: 'hello' });
  const completed = await client.type('response.completed');
  expect(at(completed, 'response.output.0.content.0.text')).toBe('This is the rehearsal provider. You wrote: hello');
  client.socket.close();
});

describe('Gemini Live', () => {
  test.each(['v1', 'v1beta', 'v1alpha'])('finds a turn and answers in speech, by %s', async (version) => {
    const client = await open(LIVE.replace('v1beta', version));
    client.send({ setup: { model: 'models/gemini-live', outputAudioTranscription: {} } });
    await client.until((event) => 'setupComplete' in event);
    for (const data of spokenTurn('librivox-0880', 16_000)) {
      client.send({ realtimeInput: { audio: { data, mimeType: 'audio/pcm;rate=16000' } } });
    }
    await client.until((event) => at(event, 'serverContent.turnComplete') === true);
    const said = client.events.map((event) => at(event, 'serverContent.outputTranscription.text') ?? '').join('');
    expect(said).toBe('This is the rehearsal provider. I heard 3 seconds of speech.');
    client.socket.close();
  });

  test('is served where the credential is a token, and with two leading slashes', async () => {
    const client = await open(`/${LIVE}Constrained?access_token=auth_tokens/x`);
    client.send({ setup: { model: 'models/gemini-live' } });
    await client.until((event) => 'setupComplete' in event);
    client.socket.close();
  });

  test('closes with a code and a reason for an invalid message', async () => {
    const client = await open(LIVE);
    client.send({ nonsense: {} });
    expect(await client.closed()).toEqual({
      code: 1007,
      reason: 'Invalid JSON payload received. Unknown name "nonsense": Cannot find field.',
    });
  });
});

describe('the handshake', () => {
  test('accepts any credential, and echoes no protocol that carries one', async () => {
    const client = await open(REALTIME, ['openai-insecure-api-key.secret', 'realtime']);
    expect(client.socket.protocol).toBe('realtime');
    client.socket.close();
  });

  test.each([
    ['/v1/live/sessions/live_1/attach', 501, 'not_implemented'],
    ['/v1/live/sessions/live_1/fork', 501, 'not_implemented'],
    ['/v1/live/unknown', 404, 'unknown_url'],
    ['/v1/realtime/unknown', 404, 'unknown_url'],
  ])('for %s is refused with %d in the shape of OpenAI, which names the served paths', async (path, status, code) => {
    const { status: found, body } = await refusal(rehearsal, path);
    expect(found).toBe(status);
    expect(JSON.parse(body).error).toMatchObject({ type: 'invalid_request_error', code });
    expect(body).toContain('/v1/realtime');
    expect(body).toContain(LIVE);
  });

  test.each(['/', '/v1/read', '/v3/ws', '/ws/other'])(
    'for %s, a path of no simulated provider, is refused in the shape of no provider',
    async (path) => {
      const { status, body } = await refusal(rehearsal, path);
      expect(status).toBe(404);
      expect(JSON.parse(body).error).toEqual({
        code: 'unknown_path',
        type: 'invalid_request_error',
        message: expect.stringContaining(LIVE),
      });
    },
  );

  test.each([
    ['without a model', '/v1/realtime', 400],
    ['with a model and an intent', '/v1/realtime?model=m&intent=transcription', 400],
    ['to a call', '/v1/realtime?call_id=c', 404],
    ['without a model to translate', '/v1/realtime/translations', 400],
    ['with an intent behind a second question mark', '/v1/realtime?a=?&model=m&intent=transcription', 400],
    ['to something that is no path', '*', 404],
  ])('is refused %s', async (_, path, status) => {
    expect((await refusal(rehearsal, path)).status).toBe(status);
  });

  test('for an unknown path of Gemini is refused in the shape of Gemini', async () => {
    const { status, body } = await refusal(rehearsal, '/ws/google.other');
    expect(status).toBe(404);
    expect(JSON.parse(body).error).toMatchObject({ code: 404, status: 'NOT_FOUND' });
  });

  test.each(['http://127.0.0.1:1', 'https://example.com', 'null', ''])(
    'is refused for a web page at %j',
    async (origin) => {
      const { status, body } = await refusal(rehearsal, REALTIME, { origin });
      expect(status).toBe(403);
      expect(JSON.parse(body).error).toMatchObject({ code: 'origin_not_allowed', type: 'invalid_request_error' });
    },
  );

  test('is refused without an upgrade too', async () => {
    const response = await fetch(`http://127.0.0.1:${rehearsal.port}/v1/realtime`);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: { code: 'unknown_url' } });
  });
});

describe('a bad connection', () => {
  test('ends alone when it is no HTTP', async () => {
    const socket = dial(rehearsal.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('\x16\x03\x01 not http\r\n\r\n');
    await once(socket, 'close');
    const client = await open('/v1/responses');
    client.socket.close();
  });

  test('ends alone when it sends an invalid frame', async () => {
    const other = await open('/v1/responses');
    const client = await open('/v1/responses');
    const raw = (client.socket as unknown as { _socket: { write(bytes: Buffer): void } })._socket;
    raw.write(Buffer.from([0x83, 0x80, 0, 0, 0, 0]));
    await client.closed();
    other.send({ type: 'response.create', model: 'm', input: 'x' });
    await other.type('response.completed');
    other.socket.close();
  });

  test('leaves nothing when it ends in the middle of a reply', async () => {
    const host = await startRehearsal({ times: { ...times, audioSpeed: 1 } });
    const client = new RehearsalClient(host.url + REALTIME);
    await client.opened();
    speak(client, 'librivox-0880');
    await client.type('response.output_audio.delta');
    expect(host.connections()).toBe(1);
    client.socket.terminate();
    await expect.poll(() => host.connections()).toBe(0);
    await host.close();
  });
});

test('closing ends all connections and frees the port', async () => {
  const host = await startRehearsal({ times });
  const client = new RehearsalClient(host.url + REALTIME);
  await client.type('session.created');
  const { port } = host;
  await Promise.all([host.close(), host.close()]);
  expect((await client.closed()).code).toBe(1006);
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  server.close();
});

test('startRehearsal ignores unknown options and refuses invalid ones', async () => {
  const others = { providers: ['openai'] } as object;
  const host = await startRehearsal(others);
  await host.close();
  await expect(startRehearsal({ playbackMs: -1 })).rejects.toThrow(/playbackMs/);
});

function samples(bytes: Buffer | undefined): Int16Array {
  return bytes
    ? new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
    : new Int16Array(0);
}
