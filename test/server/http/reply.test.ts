// HTTP replies of others, as they are passed on.

import { describe, expect, test } from 'vitest';
import { masked } from '../../../server/http/reply.ts';

describe('a refusal of a provider', () => {
  const reply = {
    status: 401,
    headers: { 'content-type': 'text/plain', 'x-request-id': 'for sk-of-the-gateway' },
    body: Buffer.from('Bearer sk-of-the-gateway \xff sk-of-the-gateway', 'latin1'),
  };

  test('has asterisks in the place of the credential of the gateway, and is as long as before', () => {
    expect(masked(reply, 'sk-of-the-gateway')).toEqual({
      ...reply,
      headers: { ...reply.headers, 'x-request-id': 'for *****************' },
      body: Buffer.from('Bearer ***************** \xff *****************', 'latin1'),
    });
  });

  test('stays as it is where the credential is that of the client, or too short to be one', () => {
    for (const credential of [undefined, 'B']) expect(masked(reply, credential)).toBe(reply);
  });
});
