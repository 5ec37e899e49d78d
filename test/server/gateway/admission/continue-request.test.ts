// How a client names the session that it continues, and where it may not.

import { expect, test } from 'vitest';
import { findEndpoint } from '../../../../adapters/realtime/index.ts';
import { seedAsked } from '../../../../server/gateway/admission/continue-request.ts';
import { handshakeOf } from '../../../support/handshakes.ts';

const ID = '0190a1b2-0000-7000-8000-00000000000a';
const OTHER = '0190a1b2-0000-7000-8000-00000000000b';
const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
const GEMINI = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent';

function asked(...from: Parameters<typeof handshakeOf>) {
  const handshake = handshakeOf(...from);
  const found = findEndpoint(handshake.path);
  if (found === undefined) throw new Error(`no route ${handshake.path}`);
  return seedAsked(handshake, found.route);
}

test('nobody has to', () => {
  expect(asked(REALTIME)).toBeUndefined();
  expect(asked('/v1/responses')).toBeUndefined();
});

test.each([
  ['in the query', `${REALTIME}&trunkline-seed=${ID}`, {}, []],
  ['in the header', REALTIME, { 'x-trunkline-seed': ID }, []],
  ['as a subprotocol', REALTIME, {}, ['realtime', `trunkline-seed.${ID}`]],
  ['in capital letters', `${REALTIME}&trunkline-seed=${ID.toUpperCase()}`, {}, []],
  [
    'in all places',
    `${REALTIME}&trunkline-seed=${ID}`,
    { 'x-trunkline-seed': ID.toUpperCase() },
    [`trunkline-seed.${ID}`],
  ],
  ['to Gemini', `${GEMINI}?trunkline-seed=${ID}`, {}, []],
])('it is named %s', (_where, target, headers, protocols) => {
  expect(asked(target, headers as Record<string, string>, protocols)).toBe(ID);
});

test('a session of an id that was used before is named with its number', () => {
  expect(asked(`${REALTIME}&trunkline-seed=${ID}.12`)).toBe(`${ID}.12`);
});

test.each([
  ['an empty id', `${REALTIME}&trunkline-seed=`, {}, []],
  ['no id', `${REALTIME}&trunkline-seed=mine`, {}, []],
  ['a number that there is never', `${REALTIME}&trunkline-seed=${ID}.0`, {}, []],
  ['a path', `${REALTIME}&trunkline-seed=${ID}/../x`, {}, []],
  ['two ids', `${REALTIME}&trunkline-seed=${ID}&trunkline-seed=${OTHER}`, {}, []],
  ['an id that another place contradicts', `${REALTIME}&trunkline-seed=${ID}`, { 'x-trunkline-seed': OTHER }, []],
  ['an empty header', REALTIME, { 'x-trunkline-seed': '' }, []],
  ['an empty subprotocol', REALTIME, {}, ['trunkline-seed.']],
])('%s is refused', (_what, target, headers, protocols) => {
  const message = 'expected the id of one session as the trunkline-seed';
  expect(asked(target, headers as Record<string, string>, protocols)).toEqual({
    status: 400,
    code: 'invalid_request',
    message,
  });
});

test.each([
  ['/v1/live/sessions', 'GET /v1/sessions/{id}/seed gives its text'],
  ['/v1/responses', 'GET /v1/sessions/{id}/seed gives its text'],
  ['/v1/realtime/translations', 'GET /v1/sessions/{id}/seed gives its text'],
  ['/v1/realtime?intent=transcription', 'a transcription session has no use for a seed'],
  ['/v1/realtime?call_id=rtc_1', 'a call that runs already cannot be seeded'],
])('%s takes none, and says so', (target, words) => {
  const refused = asked(target, { 'x-trunkline-seed': ID });
  expect(refused).toMatchObject({ status: 400, code: 'invalid_request' });
  expect(refused).toHaveProperty('message', expect.stringContaining(words));
});
