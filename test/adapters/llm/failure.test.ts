// The failures of answers, by status, body and Retry-After.

import { expect, test } from 'vitest';
import { failureOfReply, MAX_RETRY_AFTER_MS, retryAfterMs } from '../../../adapters/llm/failure.ts';

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
