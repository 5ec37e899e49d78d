// Tests what of a credential is overwritten in the words of others.

import { expect, test } from 'vitest';
import { credentialMask } from '../../../codecs/text/secret.ts';

test('every occurrence is overwritten in its place, and nothing else', () => {
  const bytes = Buffer.from('a secret-key, é secret-keysecret-key secret-ke');
  credentialMask('secret-key')?.(bytes);
  expect(bytes.toString()).toBe('a **********, é ******************** secret-ke');
});

test('one that may be a part of any text is not looked for', () => {
  for (const credential of [undefined, '', '1234567']) expect(credentialMask(credential)).toBeUndefined();
});
