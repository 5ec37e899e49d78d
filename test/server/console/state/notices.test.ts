// Texts of the notices.

import { expect, test } from 'vitest';
import {
  closeNotice,
  connectFailure,
  microphoneFailure,
  providerError,
  replyFailure,
} from '../../../../server/console/state/notices.ts';

test('the notice of a refused session has the words of the gateway, and what to do', () => {
  expect(connectFailure({ status: 401, message: 'bad key' }).detail).toBe('The gateway says: bad key. Check the key.');
  const advice = (status: number, message: string) => connectFailure({ status, message }).detail;
  expect(advice(503, 'the provider openai is not configured')).toMatch(/configured\. Set up its API key[^.]*\.$/);
  expect(advice(503, 'the gateway is shutting down')).toMatch(/shutting down\. Wait until[^.]*\.$/);
  expect(advice(429, 'this key has as many sessions open as it may')).toMatch(/End another session of this key/);
  expect(connectFailure({ status: 418, message: '' }).detail).toBe('The log of the gateway says more.');
  expect(connectFailure({ status: 426, message: 'expected an upgrade' }).detail).toMatch(/the provider refused it/);
  expect(connectFailure(undefined).title).toBe('The gateway cannot be reached');
});

test('a normal end has no notice, any other end has one with code and reason', () => {
  expect(closeNotice(1000, 'OK')).toBeUndefined();
  expect(closeNotice(1001, 'Your session hit the maximum duration')?.detail).toMatch(
    /maximum duration\. \(close code 1001\)$/,
  );
  expect(closeNotice(4321, '')?.detail).toContain('4321');
});

test.each([
  ['NotAllowedError', /not allowed/],
  ['NotFoundError', /No microphone/],
  ['NotReadableError', /cannot be opened/],
  ['AbortError', /did not start/],
])('the notice of a microphone that fails with %s names another way', (name, title) => {
  const notice = microphoneFailure(new DOMException('it broke', name));
  expect(notice.title).toMatch(title);
  expect(notice.detail).toContain('sample recording');
});

test('errors of a request that came a moment too late are not shown', () => {
  expect(providerError('response_cancel_not_active', 'no active response')).toBeUndefined();
  expect(providerError('invalid_value', 'Bad voice')?.detail).toBe('Bad voice. (invalid_value)');
  expect(replyFailure('').detail).toBe('The provider gave no reason.');
});
