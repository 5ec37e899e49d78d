// The failures of answers, by status, body and Retry-After.

import { describe, expect, test } from 'vitest';
import {
  failureInBody,
  failureOfReply,
  MAX_RETRY_AFTER_MS,
  retryAfterMs,
} from '../../../../adapters/llm/failure/failure.ts';

const failure = (status: number, body = '', headers = {}) =>
  failureOfReply({ status, headers, body: Buffer.from(body) });

test('the status of an answer decides the code of its failure', () => {
  const codes = [400, 401, 402, 403, 404, 408, 413, 422, 429, 500, 502, 503, 504, 529, 302].map(
    (status) => failure(status).code,
  );
  expect(codes).toEqual([
    ...['invalid', 'credential', 'credential', 'credential', 'unsupported', 'timeout', 'invalid', 'invalid'],
    ...['limited', 'unavailable', 'unavailable', 'unavailable', 'timeout', 'unavailable', 'unavailable'],
  ]);
});

test('the message of a failure holds a code of the body, and never a sentence', () => {
  const body = (error: object) => JSON.stringify({ error });
  expect(failure(400, body({ message: 'you said "hunter2"', code: 'context_length_exceeded' })).message).toBe(
    'status 400 (context_length_exceeded)',
  );
  expect(failure(400, JSON.stringify([{ error: { status: 'INVALID_ARGUMENT' } }])).message).toContain(
    'INVALID_ARGUMENT',
  );
  expect(failure(400, body({ code: 'words with "hunter2"' })).message).toBe('status 400');
  expect(failure(500, '<html>hunter2').message).toBe('status 500');
});

test('Retry-After is read in seconds, in milliseconds and as a date, up to an hour', () => {
  const now = Date.UTC(2026, 0, 1);
  const wait = (headers: Record<string, string>) => retryAfterMs(headers, now);
  expect(wait({ 'retry-after': '2' })).toBe(2000);
  expect(wait({ 'retry-after': '0.5', 'retry-after-ms': '20' })).toBe(20);
  expect(wait({ 'retry-after': new Date(now + 5000).toUTCString() })).toBe(5000);
  expect(wait({ 'retry-after': new Date(now - 5000).toUTCString() })).toBe(0);
  expect(wait({ 'retry-after': '999999' })).toBe(MAX_RETRY_AFTER_MS);
  expect(wait({ 'retry-after': 'soon' })).toBeUndefined();
  expect(wait({})).toBeUndefined();
});

describe('the words on which clients branch', () => {
  const of = (status: number, error: object) => failure(status, JSON.stringify({ error }));

  test.each<[string, number, object, object]>([
    [
      'OpenAI',
      400,
      { code: 'context_length_exceeded', type: 'invalid_request_error', param: 'messages' },
      { code: 'context_length_exceeded', type: 'invalid_request_error', param: 'messages' },
    ],
    [
      'OpenAI',
      400,
      { code: 'unsupported_value', type: 'invalid_request_error', param: 'temperature' },
      { code: 'unsupported_value', param: 'temperature' },
    ],
    [
      'OpenAI',
      400,
      { code: 'content_policy_violation', type: 'invalid_request_error', param: null },
      { code: 'content_policy_violation' },
    ],
    [
      'OpenAI',
      400,
      { code: 'invalid_type', param: 'messages[0].content[1].image_url' },
      { param: 'messages[0].content[1].image_url' },
    ],
    [
      'OpenAI',
      429,
      { code: 'insufficient_quota', type: 'insufficient_quota' },
      { code: 'insufficient_quota', type: 'insufficient_quota' },
    ],
    [
      'Anthropic',
      400,
      { type: 'invalid_request_error', message: 'prompt is too long: 210000 tokens > 200000 maximum' },
      { code: 'context_length_exceeded', type: 'invalid_request_error' },
    ],
    [
      'Anthropic',
      413,
      { type: 'request_too_large', message: 'Request exceeds the maximum size' },
      { code: 'context_length_exceeded' },
    ],
    ['Anthropic', 429, { type: 'rate_limit_error' }, { code: 'rate_limit_exceeded', type: 'rate_limit_error' }],
    [
      'Gemini',
      400,
      {
        code: 400,
        status: 'INVALID_ARGUMENT',
        message: 'The input token count (1048577) exceeds the maximum number of tokens allowed (1048576).',
      },
      { code: 'context_length_exceeded' },
    ],
    ['Gemini', 429, { code: 429, status: 'RESOURCE_EXHAUSTED' }, { code: 'rate_limit_exceeded' }],
    [
      'OpenRouter',
      400,
      { code: 400, message: "This endpoint's maximum context length is 8192 tokens." },
      { code: 'context_length_exceeded' },
    ],
    [
      'LiteLLM',
      400,
      { code: '400', message: 'litellm.ContextWindowExceededError: too long' },
      { code: 'context_length_exceeded' },
    ],
    [
      'llama.cpp',
      400,
      { code: 400, type: 'exceed_context_size_error', message: 'the request exceeds the available context size' },
      { code: 'context_length_exceeded' },
    ],
    ['any endpoint', 413, {}, { code: 'context_length_exceeded' }],
  ])('are read of %s, %i %j', (_, status, error, upstream) => {
    expect(of(status, error).upstream).toMatchObject(upstream);
  });

  test('are read of an older vLLM, which has no `error` around them', () => {
    const body = { object: 'error', message: "This model's maximum context length is 4096 tokens.", code: 400 };
    expect(failure(400, JSON.stringify(body)).upstream).toMatchObject({ code: 'context_length_exceeded' });
  });

  test('are kept back where our own credential or account is at fault', () => {
    for (const one of [
      of(401, {
        code: 'invalid_api_key',
        type: 'invalid_request_error',
        message: 'Incorrect API key provided: sk-abc',
      }),
      of(400, { code: 400, status: 'INVALID_ARGUMENT', details: [{ reason: 'API_KEY_INVALID' }] }),
      of(400, { type: 'invalid_request_error', message: 'Your credit balance is too low to access the API.' }),
      of(403, { code: 403, status: 'PERMISSION_DENIED' }),
    ]) {
      expect([one.code, one.upstream]).toEqual(['credential', undefined]);
      expect(one.message).toMatch(/^refused this gateway's own credential or account, status \d+/);
      expect(one.message).not.toContain('sk-abc');
    }
  });

  test('hold nothing that may be a credential or a sentence', () => {
    for (const secret of ['sk-proj-abc123', 'sk-abc', 'gsk_abc123', 'AIzaSyA1', 'Bearer x', 'x'.repeat(65)]) {
      const one = of(400, { code: secret, type: secret, param: secret, status: secret });
      expect(JSON.stringify([one.message, one.upstream])).not.toContain(secret);
    }
  });

  test('tell when to come back, as Google says it', () => {
    const error = { code: 429, status: 'RESOURCE_EXHAUSTED', details: [{ '@type': 'x' }, { retryDelay: '34.5s' }] };
    expect(of(429, error).retryAfterMs).toBe(34_500);
  });
});

test('an error in a stream is read as one in a body: by its status, else by its words', () => {
  const inBody = (error: object) => failureInBody({ type: 'error', error });
  expect(inBody({ type: 'overloaded_error' })?.code).toBe('unavailable');
  expect(inBody({ type: 'rate_limit_error' })).toMatchObject({
    code: 'limited',
    upstream: { code: 'rate_limit_exceeded' },
  });
  expect(inBody({ type: 'authentication_error' })).toMatchObject({ code: 'credential', upstream: undefined });
  expect(inBody({ code: 'context_length_exceeded', param: 'messages' })).toMatchObject({
    code: 'invalid',
    upstream: { code: 'context_length_exceeded', param: 'messages' },
  });
  expect(inBody({ code: 429, message: 'slow down' })?.code).toBe('limited');
  expect(inBody({ message: 'who knows' })?.code).toBe('unavailable');
});

test.each<[string, unknown, object]>([
  ['Google, in a list', [{ error: { code: 503, status: 'UNAVAILABLE' } }], { code: 'unavailable', status: 503 }],
  [
    'older vLLM',
    { object: 'error', message: 'no', type: 'BadRequestError', code: 400 },
    { code: 'invalid', status: 400 },
  ],
  [
    'Cloudflare',
    { success: false, errors: [{ code: 10000, message: 'Authentication error' }] },
    { code: 'unavailable' },
  ],
  ['Ollama', { error: 'model "x" not found' }, { code: 'unavailable' }],
  ['Azure', { error: { code: 'content_filter', status: 400, param: 'prompt' } }, { code: 'invalid', status: 400 }],
  ['OpenAI, in a stream', { error: { code: 'content_filter' } }, { code: 'invalid' }],
  ['OpenAI, in a stream', { error: { code: 'model_not_found', type: 'x' } }, { code: 'unsupported' }],
])('an error that came with status 200 is read as %s writes it', (_, body, expected) => {
  expect(failureInBody(body)).toMatchObject(expected);
});

test('an answer is no error, though it has an empty field of that name', () => {
  for (const error of [null, undefined, '', false]) expect(failureInBody({ choices: [], error })).toBeUndefined();
  expect(failureInBody({ object: 'chat.completion', errors: [] })).toBeUndefined();
});

test('an error in a body keeps a target away for an hour at most', () => {
  const error = { code: 429, details: [{ retryDelay: '999999999s' }] };
  expect(failureInBody({ error })?.retryAfterMs).toBe(MAX_RETRY_AFTER_MS);
});

test.each([
  ['an event', 'event: error\ndata: {"error":{"code":"context_length_exceeded"}}\n\n', 'context_length_exceeded'],
  ['an event without a space', 'data:{"error":{"code":"context_length_exceeded"}}', 'context_length_exceeded'],
  ['HTML', '<html><body>data: nothing</body></html>', undefined],
  ['nothing', '', undefined],
  ['a text', 'Bad Request', undefined],
  ['a list of nothing', '[]', undefined],
  ['null', 'null', undefined],
])('the body of an error may be %s', (_, body, code) => {
  expect(failure(400, body)).toMatchObject({ code: 'invalid', status: 400 });
  expect(failure(400, body).upstream?.code).toBe(code);
});
