// Checks what SDKs are told that come to the public listener for endpoints that it does not serve: in the shape that they read, and with what
// there is in their place.

import { GoogleGenAI } from '@google/genai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { refusedUpgrade, startGateway, type TestGateway } from '../../support/gateway.ts';

let gateway: TestGateway;
let base: string;
beforeAll(async () => {
  gateway = await startGateway({ keys: [{ id: 'web', secret: 'secret-of-web' }] });
  base = `http://127.0.0.1:${gateway.port}`;
});
afterAll(() => gateway.close());

const json = { 'content-type': 'application/json' };

async function told(path: string, options: RequestInit = { method: 'POST', headers: json, body: '{}' }) {
  const response = await fetch(base + path, options);
  return { status: response.status, body: await response.json() };
}

test.each([
  '/v1/realtime/sessions',
  '/v1/realtime/transcription_sessions',
  '/v1/realtime/translations/calls',
  '//v1/realtime/sessions',
  '/v1/completions',
  '/v1/images/generations',
  '/v1/audio/speech',
  '/v1/files/file-1/content',
])('an endpoint of OpenAI that is not served is a 501 in its shape: %s', async (path) => {
  const { status, body } = await told(path);
  expect(status).toBe(501);
  expect(body.error).toMatchObject({ type: 'server_error', code: 'not_implemented', param: null });
});

test.each([
  '/v1beta/models/gemini-3.8-flash:generateContent',
  '/v1beta/models/gemini-3.8-flash:streamGenerateContent?alt=sse',
  '/v1/models/gemini-3.8-flash:generateContent',
  '/v1beta1/projects/p/locations/l/publishers/google/models/m:generateContent',
  '/v1/projects/p/locations/l/publishers/google/models/m:generateContent',
  '/upload/v1beta/files',
])('an endpoint of Gemini that is not served is a 501 in its shape: %s', async (path) => {
  const { status, body } = await told(path);
  expect(status).toBe(501);
  expect(body.error).toMatchObject({
    code: 501,
    status: 'UNIMPLEMENTED',
    details: [{ reason: 'not_implemented' }, {}],
  });
});

test.each(['/v1/listen?model=nova-3', '/v1/speak', '/v2/listen', '/v1/read', '/v1/projects', '/v1/projects/p/keys'])(
  'an endpoint of Deepgram that is not served is a 501 in its shape: %s',
  async (path) => {
    const { status, body } = await told(path);
    expect(status).toBe(501);
    expect(body).toMatchObject({ err_code: 'not_implemented', err_msg: expect.stringContaining('not served') });
  },
);

test.each(['/v1/messages/batches', '/v1/complete'])(
  'an endpoint of Anthropic is a 501 in its shape, with what there is in its place: %s',
  async (path) => {
    const { status, body } = await told(path);
    expect(status).toBe(501);
    const message = expect.stringContaining('POST /v1/messages');
    expect(body).toMatchObject({ type: 'error', error: { type: 'api_error', code: 'not_implemented', message } });
  },
);

test.each([
  ['/v1/realtime/translations/calls', 'application/sdp'],
  ['/v1/listen', 'audio/wav'],
  ['/upload/v1beta/files', 'image/png'],
  ['/v1/files', 'multipart/form-data; boundary=x'],
])('an endpoint that is not served is a 501 also where SDKs send no JSON: %s', async (path, type) => {
  expect((await told(path, { method: 'POST', headers: { 'content-type': type }, body: 'v=0' })).status).toBe(501);
});

test('every other refusal on these paths has the same shape', async () => {
  const path = '/v1beta/models/gemini-3.8-flash:generateContent';
  const foreign = await told(path, {
    method: 'POST',
    headers: { ...json, origin: 'https://elsewhere.example' },
    body: '{}',
  });
  expect([foreign.status, foreign.body.error.status]).toEqual([403, 'PERMISSION_DENIED']);
  const { status, body } = await refusedUpgrade(`${gateway.url}/v1beta/models/m`);
  expect([status, JSON.parse(body).error.status]).toEqual([501, 'UNIMPLEMENTED']);
});

test('the models of the chat API stay where they are', async () => {
  expect((await told('/v1/models/gemini-3.8-flash', {})).body.error).toMatchObject({ code: 'invalid_key' });
});

test("Google's own SDK reads what is wrong, for a whole answer and for a stream", async () => {
  const client = new GoogleGenAI({ apiKey: 'secret-of-web', httpOptions: { baseUrl: base } });
  const ask = { model: 'gemini-3.8-flash', contents: 'Hello' };
  const expected = { status: 501, message: expect.stringContaining('POST /v1/chat/completions') };
  await expect(client.models.generateContent(ask)).rejects.toMatchObject(expected);
  await expect(client.models.generateContentStream(ask)).rejects.toMatchObject(expected);
});

test.each(['/deepgram/v1/realtime/client_secrets', '/openai/v1/auth/grant', '/openai/v1/realtime/sessions'])(
  'the path of one provider where another mints is not found: %s',
  async (path) => {
    const { status, body } = await told(path);
    expect([status, body.error.code]).toEqual([404, 'unknown_path']);
  },
);
