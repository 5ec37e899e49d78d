// Checks the id of a session: a new one, or the client's.

import { expect, test } from 'vitest';
import { chooseSessionId } from '../../../../server/gateway/admission/session-id.ts';
import { handshakeOf } from '../../../support/handshakes.ts';

const ID = '0190a1b2-0000-4000-8000-00000000000a';
const OTHER = '0190a1b2-0000-4000-8000-00000000000b';
const choose = (target: string, protocols: string[] = []) =>
  chooseSessionId({ handshake: handshakeOf(target, {}, protocols) });

test('chooses a new UUID where none is offered', () => {
  const first = choose('/v1/realtime');
  expect(first).toEqual({ sessionId: expect.stringMatching(/^[0-9a-f-]{36}$/), isOffered: false });
  expect(choose('/v1/realtime')).not.toEqual(first);
});

test('takes the id that is offered, in lower case, in the query or as a subprotocol', () => {
  const offered = { sessionId: ID, isOffered: true };
  expect(choose(`/v1/realtime?trunkline-session=${ID.toUpperCase()}`)).toEqual(offered);
  expect(choose('/v1/realtime', ['realtime', `trunkline-session.${ID}`])).toEqual(offered);
  expect(choose(`/v1/realtime?trunkline-session=${ID}`, [`trunkline-session.${ID}`])).toEqual(offered);
});

test.each([
  ['no UUID', '/v1/realtime?trunkline-session=1234', []],
  ['empty', '/v1/realtime?trunkline-session=', []],
  ['two', `/v1/realtime?trunkline-session=${ID}`, [`trunkline-session.${OTHER}`]],
])('refuses an offered id that is %s', (_what, target, protocols) => {
  const message = 'expected one UUID as the trunkline-session';
  expect(choose(target, protocols)).toEqual({ status: 400, code: 'invalid_request', message });
});
