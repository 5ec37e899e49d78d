// Checks which endpoint a path belongs to.

import { expect, test } from 'vitest';
import { resolveEndpoint } from '../../../../server/gateway/admission/endpoint.ts';
import { policyOf } from '../../../support/admissions.ts';
import { handshakeOf } from '../../../support/handshakes.ts';

const resolve = (target: string) => resolveEndpoint({ handshake: handshakeOf(target), policy: policyOf() });

test.each([
  ['/v1/realtime?model=m', 'openai', 'openai-realtime'],
  ['/v1/responses', 'openai', 'openai-responses'],
  ['/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent', 'gemini', 'gemini-live'],
])('finds the provider and the dialect of %s', (target, provider, dialect) => {
  expect(resolve(target)).toMatchObject({ provider: { name: provider }, endpoint: { dialect: { name: dialect } } });
});

test('says that a known endpoint is not served', () => {
  expect(resolve('/v1/files/abc/content')).toMatchObject({ status: 501, code: 'not_implemented' });
});

test.each(['/', '/v1', '/v1/realtime/', '/V1/realtime', '/v1/nowhere'])('refuses an unknown path: %s', (target) => {
  expect(resolve(target)).toMatchObject({ status: 404, code: 'unknown_path' });
});
