// Gemini in the conformance suite, how it is dialled, and its refusals before the 101 in Google's error shape.

import { describe, expect, test } from 'vitest';
import { gemini, vertex } from '../../../../adapters/realtime/gemini/adapter.ts';
import { upstreamOf } from '../../../../adapters/realtime/index.ts';
import { openClient, refusedUpgrade, startGateway } from '../../../support/gateway.ts';
import { handshakeOf } from '../../../support/handshakes.ts';
import { startProvider } from '../../../support/provider.ts';
import { conformance } from '../conformance.ts';
import type { ExpectedRefusal } from '../fixture.ts';
import { geminiLive, geminiMusic } from './conversation.ts';

const canonicalStatuses = [
  [400, 'invalid_request', 'INVALID_ARGUMENT'],
  [401, 'invalid_key', 'UNAUTHENTICATED'],
  [403, 'model_not_allowed', 'PERMISSION_DENIED'],
  [404, 'unknown_path', 'NOT_FOUND'],
  [409, 'duplicate_session', 'ALREADY_EXISTS'],
  [415, 'unsupported_media_type', 'INVALID_ARGUMENT'],
  [426, 'invalid_request', 'INVALID_ARGUMENT'],
  [429, 'too_many_sessions', 'RESOURCE_EXHAUSTED'],
  [501, 'not_implemented', 'UNIMPLEMENTED'],
  [502, 'upstream_unreachable', 'UNAVAILABLE'],
  [503, 'draining', 'UNAVAILABLE'],
  [504, 'upstream_timeout', 'DEADLINE_EXCEEDED'],
] as const;

const errorBody = ({ status, code, message, help }: ExpectedRefusal) => ({
  error: {
    code: status,
    message,
    status: canonicalStatuses.find(([known]) => known === status)?.[2],
    details: [
      { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: code, domain: 'trunkline' },
      { '@type': 'type.googleapis.com/google.rpc.Help', links: [{ description: code, url: help }] },
    ],
  },
});

describe('gemini', () => {
  conformance(gemini, {
    dialects: { 'gemini-live': geminiLive, 'gemini-music': geminiMusic },
    httpError: errorBody,
  });
});

describe('vertex', () => {
  conformance(vertex, { dialects: { 'gemini-live': geminiLive }, httpError: errorBody });

  test('is dialled at the host of a region, with a token of the cloud', () => {
    const [endpoint] = vertex.endpoints;
    const asked = handshakeOf('/ws/google.cloud.aiplatform.v1beta1.LlmBidiService/BidiGenerateContent');
    const account = { credential: 'ya29.token', settings: { location: 'europe-west4' } };
    expect(upstreamOf(vertex, endpoint ?? {}, asked, account)).toMatchObject({
      url: 'wss://europe-west4-aiplatform.googleapis.com/ws/google.cloud.aiplatform.v1beta1.LlmBidiService/BidiGenerateContent',
      headers: { authorization: 'Bearer ya29.token' },
    });
  });
});

test.each(canonicalStatuses)('a refusal with %i %s is %s', (status, code) => {
  const reply = gemini.httpError({ status, code, message: 'what to do', help: 'where to look' });
  expect(reply.status).toBe(status);
  expect(reply.headers).toEqual({ 'content-type': 'application/json' });
  expect(JSON.parse(String(reply.body))).toEqual(
    errorBody({ status, code, message: 'what to do', help: 'where to look' }),
  );
});

test('a refusal says when to try again, in the header and in the body', () => {
  const reply = gemini.httpError({ status: 503, code: 'draining', message: 'm', retryAfterS: 5 });
  expect(reply.headers['retry-after']).toBe('5');
  expect(JSON.parse(String(reply.body)).error.details[1]).toEqual({
    '@type': 'type.googleapis.com/google.rpc.RetryInfo',
    retryDelay: '5s',
  });
});

describe('the upstream handshake', () => {
  const bidi = '/ws/google.ai.generativelanguage.v1alpha.GenerativeService.BidiGenerateContent';
  const dial = (target: string, credential = 'ours', headers: Record<string, string> = {}) =>
    upstreamOf(
      gemini,
      gemini.endpoints.find(({ path }) => path === target.split('?')[0]) ?? {},
      handshakeOf(target, headers),
      { baseUrl: 'wss://provider.example', credential, settings: {} },
    );

  test("has our key in the query, in place of the client's", () => {
    expect(dial(`${bidi}?key=theirs`, 'ours', { 'x-goog-api-client': 'sdk' })).toEqual({
      kind: 'websocket',
      url: `wss://provider.example${bidi}?key=ours`,
      headers: { 'x-goog-api-client': 'sdk' },
      subprotocols: [],
    });
  });

  test('has a key at the plain method where the client asked for the constrained one', () => {
    const url = `wss://provider.example${bidi}?key=ours`;
    expect(dial(`${bidi}Constrained?access_token=auth_tokens/theirs`)?.url).toBe(url);
    expect(dial(`${bidi}Constrained?key=theirs`, 'theirs')?.url).toBe(`wss://provider.example${bidi}?key=theirs`);
  });

  test('has an ephemeral token at the constrained method', () => {
    const url = `wss://provider.example${bidi}Constrained?access_token=auth_tokens%2Fa%2Bb`;
    expect(dial(`${bidi}Constrained?access_token=auth_tokens/a%2Bb`, 'auth_tokens/a+b')?.url).toBe(url);
    expect(dial(`${bidi}?key=auth_tokens/a%2Bb`, 'auth_tokens/a+b')?.url).toBe(url);
  });
});

test('music is served where the account asks for it alone, and the answer says how', async () => {
  const upstream = await startProvider();
  const account = { baseUrl: upstream.url, apiKey: 'k', allowPrivate: true };
  const path = '/ws/google.ai.generativelanguage.v1alpha.GenerativeService.BidiGenerateMusic';
  const without = await startGateway({ providers: { gemini: account } });
  const { status, body } = await refusedUpgrade(without.url + path);
  expect([status, JSON.parse(body).error.message]).toEqual([501, expect.stringContaining('settings.music')]);
  const asking = await startGateway({ providers: { gemini: { ...account, settings: { music: 'on' } } } });
  const client = await openClient(`${asking.url}/${path}?key=any`);
  expect(upstream.requests.at(-1)?.url).toBe(`${path}?key=k`);
  client.terminate();
  await Promise.all([without.close(), asking.close()]);
  await upstream.close();
});
