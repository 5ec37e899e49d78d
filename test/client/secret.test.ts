// Client secrets made by an app's server, beside the schema of the gateway that reads the request.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, expectTypeOf, test } from 'vitest';
import type { z } from 'zod';
import { mintSecret, type SecretRequest } from '../../client/index.ts';
import type { secretRequestSchema } from '../../server/side/http/session/secret-request.ts';

type Asked = z.input<typeof secretRequestSchema>;

test('the type of a request has the fields of the schema, and its values fit', () => {
  expectTypeOf<keyof SecretRequest>().toEqualTypeOf<keyof Asked>();
  type Mutable<Value> = Value extends readonly (infer Item)[] ? Item[] : Value;
  expectTypeOf<{ -readonly [Name in keyof SecretRequest]: Mutable<SecretRequest[Name]> }>().toExtend<Asked>();
});

async function answering(status: number, body: object, headers: Record<string, string> = {}) {
  const seen: { url?: string; key?: string; body?: unknown } = {};
  const server = createServer(async (request, response) => {
    seen.url = request.url;
    seen.key = request.headers.authorization;
    seen.body = JSON.parse(Buffer.concat(await request.toArray()).toString());
    response.writeHead(status, headers).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { seen, server, gateway: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

test('a secret is asked for with the key and the terms, and nothing else', async () => {
  const made = { id: 'sec_1', value: 'ek_1', expiresAt: '2027-01-01T00:00:00Z', uses: 1 };
  const { seen, server, gateway } = await answering(201, made);
  expect(await mintSecret({ gateway, key: 'k', provider: 'openai', maxUsd: 0.5 })).toEqual(made);
  expect(seen).toEqual({ url: '/v1/client_secrets', key: 'Bearer k', body: { provider: 'openai', maxUsd: 0.5 } });
  server.close();
});

test('a refusal is thrown with its status, code and the pause that it asks for', async () => {
  const error = { message: 'too many', code: 'rate_limit_exceeded', param: null };
  const { server, gateway } = await answering(429, { error }, { 'retry-after': '7' });
  await expect(mintSecret({ gateway, key: 'k' })).rejects.toMatchObject({
    ...{ status: 429, code: 'rate_limit_exceeded', message: 'too many', retryAfterMs: 7000, mayRetry: true },
  });
  server.close();
});

test('a gateway that is not there is named', async () => {
  const refused = mintSecret({ gateway: 'http://127.0.0.1:1', key: 'k' });
  await expect(refused).rejects.toMatchObject({
    status: 0,
    message: 'the gateway cannot be reached at http://127.0.0.1:1',
  });
});

test.each(['127.0.0.1:8080', 'localhost:8080', ''])('what is no address of a gateway is named: %s', async (gateway) => {
  await expect(mintSecret({ gateway, key: 'k' })).rejects.toMatchObject({
    ...{ status: 400, mayRetry: false, message: expect.stringContaining('expected an address such as https://') },
  });
});
