// Checks how a client names the session that it continues, and where it may not.

import { expect, test } from 'vitest';
import type { Handshake } from '../../../../adapters/realtime/contract.ts';
import { findEndpoint } from '../../../../adapters/realtime/index.ts';
import { readContinuation } from '../../../../server/gateway/admission/continuation.ts';
import type { WarnOfOldName } from '../../../../server/http/request/old-names.ts';
import { isRefusal } from '../../../../server/http/request/refusals.ts';
import { policyOf } from '../../../support/admissions.ts';
import { handshakeOf } from '../../../support/handshakes.ts';

const ID = '0190a1b2-0000-7000-8000-00000000000a';
const OTHER = '0190a1b2-0000-7000-8000-00000000000b';
const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
const GEMINI = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent';

function read(handshake: Handshake, warnOfOldName: WarnOfOldName) {
  const found = findEndpoint(handshake.path);
  if (found === undefined) throw new Error(`no route ${handshake.path}`);
  const result = readContinuation({ handshake, endpoint: found.endpoint, policy: { ...policyOf(), warnOfOldName } });
  return isRefusal(result) ? result : result.continues;
}

function asked(...from: Parameters<typeof handshakeOf>) {
  const warned: string[] = [];
  const result = read(handshakeOf(...from), (name) => warned.push(name));
  expect(warned).toEqual([]);
  return result;
}

test('a handshake need not name a session', () => {
  expect(asked(REALTIME)).toBeUndefined();
  expect(asked('/v1/responses')).toBeUndefined();
});

test.each([
  ['in the query', `${REALTIME}&trunkline-continue=${ID}`, {}, []],
  ['in the header', REALTIME, { 'x-trunkline-continue': ID }, []],
  ['as a subprotocol', REALTIME, {}, ['realtime', `trunkline-continue.${ID}`]],
  ['in capital letters', `${REALTIME}&trunkline-continue=${ID.toUpperCase()}`, {}, []],
  [
    'in all places',
    `${REALTIME}&trunkline-continue=${ID}`,
    { 'x-trunkline-continue': ID.toUpperCase() },
    [`trunkline-continue.${ID}`],
  ],
  ['to Gemini', `${GEMINI}?trunkline-continue=${ID}`, {}, []],
])('finds the earlier session %s', (_where, target, headers, protocols) => {
  expect(asked(target, headers as Record<string, string>, protocols)).toBe(ID);
});

test('finds a session whose id was used again by its number', () => {
  expect(asked(`${REALTIME}&trunkline-continue=${ID}.12`)).toBe(`${ID}.12`);
});

test.each([
  ['an empty id', `${REALTIME}&trunkline-continue=`, {}, []],
  ['no id', `${REALTIME}&trunkline-continue=mine`, {}, []],
  ['a number that there is never', `${REALTIME}&trunkline-continue=${ID}.0`, {}, []],
  ['a path', `${REALTIME}&trunkline-continue=${ID}/../x`, {}, []],
  ['two ids', `${REALTIME}&trunkline-continue=${ID}&trunkline-continue=${OTHER}`, {}, []],
  [
    'an id that another place contradicts',
    `${REALTIME}&trunkline-continue=${ID}`,
    { 'x-trunkline-continue': OTHER },
    [],
  ],
  ['an empty header', REALTIME, { 'x-trunkline-continue': '' }, []],
  ['an empty subprotocol', REALTIME, {}, ['trunkline-continue.']],
])('refuses %s', (_what, target, headers, protocols) => {
  const message = 'expected the id of one session as the trunkline-continue';
  expect(asked(target, headers as Record<string, string>, protocols)).toEqual({
    status: 400,
    code: 'invalid_request',
    message,
  });
});

test.each([
  ['/v1/live/sessions', 'GET /v1/sessions/{id}/context gives its text'],
  ['/v1/responses', 'GET /v1/sessions/{id}/context gives its text'],
  ['/v1/realtime/translations', 'GET /v1/sessions/{id}/context gives its text'],
  ['/v1/realtime?intent=transcription', 'a transcription session has no use for it'],
  ['/v1/realtime?call_id=rtc_1', 'a call that runs already cannot be told of it'],
])('refuses to continue a session at %s, and says why', (target, words) => {
  const refused = asked(target, { 'x-trunkline-continue': ID });
  expect(refused).toMatchObject({ status: 400, code: 'invalid_request' });
  expect(refused).toHaveProperty('message', expect.stringContaining(words));
});

test('reads the old name in all three places, and warns of it', () => {
  const targets = [
    [`${REALTIME}&trunkline-seed=${ID}`, {}, []],
    [REALTIME, { 'x-trunkline-seed': ID }, []],
    [REALTIME, {}, ['realtime', `trunkline-seed.${ID}`]],
  ] as const;
  for (const [target, headers, protocols] of targets) {
    const warned: string[] = [];
    expect(read(handshakeOf(target, headers, protocols), (...names) => warned.push(names.join(' -> ')))).toBe(ID);
    expect(warned).toEqual(['trunkline-seed -> trunkline-continue']);
  }
  const contradicting = handshakeOf(`${REALTIME}&trunkline-seed=${ID}&trunkline-continue=${OTHER}`);
  expect(read(contradicting, () => {})).toMatchObject({ status: 400 });
});
