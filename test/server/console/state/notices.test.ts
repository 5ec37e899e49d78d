// Texts of the notices.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  catalogueFailure,
  closeNotice,
  connectFailure,
  microphoneFailure,
  providerError,
  replyFailure,
} from '../../../../server/console/state/notices.ts';
import { root } from '../../../support/pages.ts';

test('the notice of a refused session has the words of the gateway, and what to do', () => {
  expect(connectFailure({ status: 401, message: 'bad key' }).detail).toBe('The gateway says: bad key. Check the key.');
  const advice = (status: number, message: string) => connectFailure({ status, message }).detail;
  expect(advice(503, 'the provider openai is not configured')).toMatch(/configured\. Set up its API key[^.]*\.$/);
  expect(advice(503, 'the gateway is shutting down')).toMatch(/shutting down\. Wait until[^.]*\.$/);
  expect(advice(429, 'this key has as many sessions open as it may')).toMatch(/End another session of this key/);
  expect(advice(429, 'this key may open 3 sessions a minute (sessionsPerMinute); there is room again in 12s')).toMatch(
    /Wait as long as it says/,
  );
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

/** The codes that docs/keys-limits-closes.md says a client may be closed with. */
function documentedCloses(): readonly string[] {
  const page = readFileSync(join(root, 'docs/keys-limits-closes.md'), 'utf8');
  const [, table = ''] = page.split('\n## Closes\n');
  return [...table.matchAll(/^\| (\d[\d, ]*) +\|/gm)].flatMap(([, codes = '']) => codes.trim().split(', '));
}

test('every close that the gateway may send has a notice of its own', () => {
  const codes = [...new Set(documentedCloses())];
  expect(codes).toContain('4408');
  const unknown = closeNotice(4321, '')?.title;
  expect(codes.filter((code) => closeNotice(Number(code), '')?.title === unknown)).toEqual([]);
});

test('a refusal for a spent budget says when it helps to wait', () => {
  const advice = (status: number) => connectFailure({ status, message: 'the budget of this key is spent' }).detail;
  expect(advice(429)).toMatch(/Wait until the budget begins anew/);
  expect(advice(402)).toMatch(/Use another key/);
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

test('a catalogue that cannot be read is told with what is served meanwhile; one that can is not', () => {
  expect(catalogueFailure({ gateway: 'router', models: 3, fetchedAt: '2026-03-01T00:00:00Z' })).toBeUndefined();
  expect(catalogueFailure({ gateway: 'router', models: 0, fault: 'HTTP 503' })).toEqual({
    tone: 'warning',
    title: 'The catalogue of router cannot be read',
    detail: 'HTTP 503. It was never read: models that only a pattern names are not served.',
  });
  const kept = catalogueFailure({ gateway: 'r', models: 1200, fetchedAt: '2026-03-01T00:00:00Z', fault: 'late.' });
  expect(kept?.detail).toMatch(/^late\. The 1,200 models of \d+ \w+ 2026, .* are served meanwhile\.$/);
});
