// Checks what a key may ask for in a handshake.

import { expect, test } from 'vitest';
import type { Key } from '../../../../server/config/config.ts';
import { authorizeResource } from '../../../../server/gateway/admission/authorize.ts';
import { handshakeAt } from '../../../support/admissions.ts';

const authorize = (target: string, models?: string[]) =>
  authorizeResource({ ...handshakeAt(target), key: { id: 'web', secret: 'secret-of-web', models } as Key });

test('finds the model of the handshake', () => {
  expect(authorize('/v1/realtime?model=gpt-realtime-2.1')).toEqual({ model: 'gpt-realtime-2.1' });
  expect(authorize('/v1/responses')).toEqual({ model: undefined });
  expect(authorizeResource({ ...handshakeAt('/v1/realtime?model=m'), key: undefined })).toEqual({ model: 'm' });
});

test.each([
  ['openai/gpt-*', '/v1/realtime?model=gpt-realtime-2.1', true],
  ['*/gpt-*', '/v1/realtime?model=gpt-realtime-2.1', true],
  ['gemini/*', '/v1/realtime?model=gpt-realtime-2.1', false],
  ['openai/other', '/v1/realtime?model=gpt-realtime-2.1', false],
  // Frames name the model, and are checked then.
  ['openai/other', '/v1/responses', true],
  // A model that cannot be known needs the whole provider.
  ['openai/gpt-*', '/v1/realtime?call_id=rtc_1', false],
  ['openai/*', '/v1/realtime?call_id=rtc_1', true],
])('holds the list %s at %s: allowed is %s', (pattern, target, isAllowed) => {
  expect('model' in authorize(target, [pattern])).toBe(isAllowed);
});

test('says what the key may not use', () => {
  expect(authorize('/v1/realtime?model=m', ['openai/other'])).toEqual({
    status: 403,
    code: 'model_not_allowed',
    message: 'this key may not use the model m',
  });
  expect(authorize('/v1/realtime', ['openai/other'])).toMatchObject({
    message: 'this key may not open a session whose model cannot be known; that needs openai/*',
  });
});
